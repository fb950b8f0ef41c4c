"""The pages of a small project."""

from typing import Any

from django.contrib.auth import authenticate, login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Refused(Exception):
    """A view's own, after whatever it has done."""


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username())


def signs_in_and_fails(request: HttpRequest) -> HttpResponse:
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    assert user
    login(request, user)
    user.set_password(request.POST["password"] + "!")
    user.save()
    raise Refused


class RestLogin(APIView):  # type: ignore[misc]  # it has no types
    """As the REST framework's users write it: one of the two is given its own request, the other Django's."""

    def post(self, request: Request) -> Response:
        user: Any = authenticate(
            request, username=request.data["username"], password=request.data["password"]
        )
        login(request._request, type(user).objects.get(pk=user.pk), backend=user.backend)
        return Response({"user": user.get_username()})


urlpatterns = [
    path("", home),
    path("login/", LoginView.as_view()),
    path("fails/", signs_in_and_fails),
    path("rest/", RestLogin.as_view()),
    path("token/", obtain_auth_token),
    path("accounts/", include("allauth.urls")),
]
