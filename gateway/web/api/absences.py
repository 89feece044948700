"""API: absences."""

from fastapi import APIRouter

router = APIRouter(tags=["absences"])
