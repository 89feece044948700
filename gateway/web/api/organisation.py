"""API: organisation."""

from fastapi import APIRouter

router = APIRouter(tags=["organisation"])
