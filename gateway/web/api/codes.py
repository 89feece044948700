"""API: codes."""

from fastapi import APIRouter

router = APIRouter(tags=["codes"])
