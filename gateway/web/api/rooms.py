"""API: rooms."""

from fastapi import APIRouter

router = APIRouter(tags=["rooms"])
