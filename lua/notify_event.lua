-- What `runbook serve` starts for [notify]: tells of one event through one channel, and tries again for an hour.
-- Input: event (failure, recovery, approval, slow), incident, channel, url, secret or topic, and what happened.
local notify = require "notify"
local input = ...

local TRIES, FIRST_PAUSE, LAST_PAUSE = 14, 2, 600

local heads = {
  failure = "%s failed",
  recovery = "%s works again",
  approval = "%s asks",
  slow = "%s takes longer than usual",
}

local severities = { failure = "error", approval = "info", slow = "warning" }

local function summary()
  local text = heads[input.event]:format(input.name)
  return (input.message or "") == "" and text or text .. ": " .. input.message
end

local function details()
  return { event = input.event, incident = input.incident, name = input.name, run = input.run,
    outcome = input.outcome, message = input.message, host = input.host, at = input.at }
end

local channels = {}

function channels.slack()
  local text = notify.escape(summary()) .. "\n" .. notify.escape(("run %s on %s"):format(input.run, input.host))
  notify.slack { url = input.url, secret = input.secret, text = text }
end

function channels.webhook()
  notify.webhook { url = input.url, secret = input.secret, payload = details() }
end

function channels.pagerduty()
  notify.pagerduty { url = input.url, secret = input.secret, dedup_key = input.incident, summary = summary(),
    action = input.event == "recovery" and "resolve" or "trigger", severity = severities[input.event],
    source = input.host, component = input.name, class = input.event, details = details() }
end

function channels.sns()
  local fifo = input.topic:find("%.fifo$")
  notify.sns { topic = input.topic, subject = summary(),
    message = ("%s\n\nrun %s on %s\nincident %s at %s\n"):format(summary(), input.run, input.host, input.incident,
      input.at),
    attributes = { event = input.event, incident = input.incident, run = input.run, host = input.host },
    group = fifo and input.incident, dedup = fifo and input.run .. "-" .. input.event }
end

local pause = FIRST_PAUSE
for try = 1, TRIES do
  local ok, e = pcall(channels[input.channel])
  if ok then return { told = input.event, incident = input.incident, tries = try } end
  local again = type(e) == "table" and (e.retryable or e.code == "PolicyDenied")
  if not again or try == TRIES then error(e, 0) end
  log.warn(("not told yet, next try in %d s: "):format(pause) .. (e.message or ""))
  sleep(pause)
  pause = math.min(pause * 2, LAST_PAUSE)
end
