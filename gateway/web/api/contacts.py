"""API: contacts."""

from fastapi import APIRouter

router = APIRouter(tags=["contacts"])
