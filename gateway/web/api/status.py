"""API: status."""

from fastapi import APIRouter

router = APIRouter(tags=["status"])
