"""API: phones."""

from fastapi import APIRouter

router = APIRouter(tags=["phones"])
