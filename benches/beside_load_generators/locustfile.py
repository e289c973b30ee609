"""Locust sends what an initial cycle sends for each user: a look-up by userName, then a create.

Its two clients by the name of the class: `HttpUser` is the one its manual begins with, built on
requests; `FastHttpUser` is the quicker one, built on geventhttpclient.
"""

import itertools
import os

import locust

TOKEN = os.environ["SCIM_SECRET_TOKEN"]
BODY = open(os.path.join(os.path.dirname(__file__), "user.json")).read()
NUMBERS = itertools.count()


class Pairs:
    """One worker, as fast as it is answered."""

    wait_time = locust.constant(0)

    @locust.task
    def user(self):
        name = f"locust.{next(NUMBERS)}@locust.example"
        headers = {"authorization": f"Bearer {TOKEN}"}
        query = f"/scim/Users?filter=userName+eq+%22{name}%22"
        self.client.get(query, headers=headers, name="look-up")
        headers["content-type"] = "application/scim+json"
        self.client.post(
            "/scim/Users", data=BODY.replace("NAME", name), headers=headers, name="create"
        )


class Usual(Pairs, locust.HttpUser):
    """With Locust's usual client."""


class Quick(Pairs, locust.FastHttpUser):
    """With Locust's quick client."""
