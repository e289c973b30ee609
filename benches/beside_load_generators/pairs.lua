-- wrk sends what an initial cycle sends for each user: a look-up by userName, then a create.
-- Every thread has names of its own. Usage: wrk -s pairs.lua URL -- TOKEN BODYFILE
local thread = 0

function setup(it)
    it:set("thread", thread)
    thread = thread + 1
end

function init(args)
    token = args[1]
    body = io.open(args[2]):read("*a")
    number = 0
    creates = false
end

function request()
    local name = "wrk." .. thread .. "." .. number .. "@wrk.example"
    local headers = { ["authorization"] = "Bearer " .. token }
    if creates then
        creates = false
        number = number + 1
        headers["content-type"] = "application/scim+json"
        return wrk.format("POST", wrk.path .. "/Users", headers, (body:gsub("NAME", name)))
    end
    creates = true
    local filter = "/Users?filter=userName+eq+%22" .. name .. "%22"
    return wrk.format("GET", wrk.path .. filter, headers)
end
