"""Locust sends what an initial cycle sends for each user: a look-up by userName, then a create.

`Usual` has the client that its manual begins with, built on requests; `Quick` has its faster one,
built on geventhttpclient. Either is one worker, as fast as it is answered.
"""

import itertools
import os

from locust import FastHttpUser, HttpUser, constant

TOKEN = os.environ["SCIM_SECRET_TOKEN"]
BODY = open(os.path.join(os.path.dirname(__file__), "user.json")).read()
NUMBERS = itertools.count()


def provision(worker):
    name = f"locust.{next(NUMBERS)}@locust.example"
    headers = {"authorization": f"Bearer {TOKEN}"}
    query = f"/scim/Users?filter=userName+eq+%22{name}%22"
    worker.client.get(query, headers=headers, name="look-up")
    headers["content-type"] = "application/scim+json"
    body = BODY.replace("NAME", name)
    worker.client.post("/scim/Users", data=body, headers=headers, name="create")


class Usual(HttpUser):
    wait_time = constant(0)
    tasks = [provision]


class Quick(FastHttpUser):
    wait_time = constant(0)
    tasks = [provision]
