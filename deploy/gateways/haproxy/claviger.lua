-- Asks Claviger whether a request may pass, with HAProxy's own HTTP client (2.6 or later); no other library is needed.
-- `http-request lua.claviger http://127.0.0.1:7401/verify/haproxy?api=orders`

local IDENTITY = {
    "claviger-key-id", "claviger-key-name", "claviger-owner-type", "claviger-owner-id", "claviger-owner-name",
    "claviger-organisation", "claviger-permissions",
}
-- What a decision reads of a request.
local READ = {
    "x-api-key", "apikey", "authorization", "cookie", "origin", "access-control-request-method",
}
-- What a refused client is told.
local TOLD = {
    "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy", "claviger-code", "claviger-request-id",
    "content-type", "cache-control",
}
local TIMEOUT = 2000 -- milliseconds

-- HAProxy counts some lists from 0 and some from 1.
local function list(values)
    local all = {}
    if values ~= nil then
        for _, value in pairs(values) do
            all[#all + 1] = value
        end
    end
    return all
end

local function refuse(txn, status, headers, body)
    local reply = txn:reply()
    reply:set_status(status)
    for _, name in ipairs(TOLD) do
        for _, value in ipairs(list(headers[name])) do
            reply:add_header(name, value)
        end
    end
    reply:set_body(body or "")
    txn:done(reply)
end

core.register_action("claviger", { "http-req" }, function(txn, door)
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-original-method"] = { txn.sf:method() },
        ["x-original-uri"] = { txn.sf:pathq() },
        ["x-real-ip"] = { txn.sf:src() },
    }
    for _, name in ipairs(READ) do
        local values = list(sent[name])
        if #values > 0 then
            headers[name] = values
        end
    end
    local asked, answer = pcall(function()
        return core.httpclient():get({ url = door, headers = headers, timeout = TIMEOUT })
    end)
    local status = asked and answer and answer.status or 0
    if status == 200 then
        for _, name in ipairs(IDENTITY) do
            txn.http:req_set_header(name, list(answer.headers[name])[1] or "-")
        end
        txn:set_var("txn.claviger_limits", list(answer.headers["ratelimit"])[1] or "")
        txn:set_var("txn.claviger_policy", list(answer.headers["ratelimit-policy"])[1] or "")
        return
    end
    if status == 400 or status == 401 or status == 403 or status == 429 then
        return refuse(txn, status, answer.headers, answer.body)
    end
    -- No answer, or none that a door gives: nobody passes.
    refuse(txn, 503, { ["cache-control"] = { "no-store" } }, "")
end, 1)
