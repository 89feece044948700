"""Pages: reference."""

from fastapi import APIRouter, Depends

from gateway.domain.signin import Role
from gateway.web.visit import entered

router = APIRouter(dependencies=[Depends(entered(Role.USER))])
