"""API: conferences."""

from fastapi import APIRouter

router = APIRouter(tags=["conferences"])
