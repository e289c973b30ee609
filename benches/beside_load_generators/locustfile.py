"""Locust sends what an initial cycle sends for each user: a look-up by userName, then a create."""

import itertools
import os

from locust import FastHttpUser, constant, task

TOKEN = os.environ["SCIM_SECRET_TOKEN"]
BODY = open(os.path.join(os.path.dirname(__file__), "user.json")).read()
NUMBERS = itertools.count()


class Entra(FastHttpUser):
    """One worker, as fast as it is answered."""

    wait_time = constant(0)

    @task
    def user(self):
        name = f"locust.{next(NUMBERS)}@locust.example"
        headers = {"authorization": f"Bearer {TOKEN}"}
        query = f"/scim/Users?filter=userName+eq+%22{name}%22"
        self.client.get(query, headers=headers, name="look-up")
        headers["content-type"] = "application/scim+json"
        self.client.post(
            "/scim/Users", data=BODY.replace("NAME", name), headers=headers, name="create"
        )
