// A SCIM server as an application would build it with scimmy-routers: the library parses, filters,
// patches and answers; storing, unique user names and "no such resource" are the application's.

import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const TOKEN = "tok";

const problem = (status, type, detail) => new SCIMMY.Types.Error(status, type, detail);

/** Keeps the resources of one type; `unique` names the attribute no two of them may share. */
class Store {
  #resources = new Map();
  #owners = new Map(); // the unique value, without case, to the id that holds it

  constructor(unique) {
    this.unique = unique;
  }

  #key(resource) {
    return this.unique ? String(resource?.[this.unique] ?? "").toLowerCase() : undefined;
  }

  find(id) {
    const resource = this.#resources.get(id);
    if (!resource) throw problem(404, null, `there is no resource ${id}`);
    return resource;
  }

  list(filter) {
    const all = [...this.#resources.values()];
    return filter ? filter.match(all) : all;
  }

  save(id, incoming) {
    const before = id ? this.find(id) : undefined;
    const values = JSON.parse(JSON.stringify(incoming)); // detached from the library's proxies
    const owner = this.#owners.get(this.#key(values));
    if (this.unique && owner && owner !== id) {
      throw problem(409, "uniqueness", `${this.unique} is taken`);
    }
    const now = new Date().toISOString();
    const meta = { created: before?.meta.created ?? now, lastModified: now };
    const resource = { ...values, id: id ?? randomUUID(), meta };
    if (before) this.#owners.delete(this.#key(before));
    if (this.unique) this.#owners.set(this.#key(resource), resource.id);
    this.#resources.set(resource.id, resource);
    return resource;
  }

  remove(id) {
    this.#owners.delete(this.#key(this.find(id)));
    this.#resources.delete(id);
  }
}

const serve = (type, store) =>
  SCIMMY.Resources.declare(type)
    .ingress((request, values) => store.save(request.id, values))
    .egress((request) => (request.id ? store.find(request.id) : store.list(request.filter)))
    .degress((request) => store.remove(request.id));

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
serve(SCIMMY.Resources.User, new Store("userName"));
serve(SCIMMY.Resources.Group, new Store());

const authenticate = (request) => {
  const [scheme, token] = (request.header("Authorization") ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || token !== TOKEN) throw new Error("wrong bearer token");
  return "scimrig";
};

express()
  .use("/scim/v2", new SCIMMYRouters({ type: "bearer", handler: authenticate }))
  .listen(Number(process.argv[2]), "127.0.0.1");
