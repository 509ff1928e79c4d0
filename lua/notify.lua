-- Tells people: Slack, PagerDuty's Events API v2, any webhook, or Amazon SNS. Every function sends one request
-- through http.so or sns.so and raises when it was not taken. A request may come twice: after a crash it is sent
-- again. See README.md.
local M = {}

local PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
local ACTIONS = { trigger = true, acknowledge = true, resolve = true }
local SEVERITIES = { critical = true, error = true, warning = true, info = true }

local function check_table(args, what)
  if type(args) ~= "table" then error(what .. " takes one table", 0) end
end

local function required(args, name, what)
  if args[name] == nil then error(what .. ": " .. name .. " is missing", 0) end
  return args[name]
end

-- Where it goes: `url`, or `secret`, the name in [secrets] of a URL that is one.
local function place(args, what)
  check_table(args, what)
  if (args.url == nil) == (args.secret == nil) then
    error(what .. ": give url, or secret, the name of a secret that is the URL", 0)
  end
  if args.url then return args.url, nil end
  return "${" .. args.secret .. "}", array { args.secret }
end

-- At most n bytes of text, and no part of a character: that would be text nobody may send.
local function head(text, n)
  return #text <= n and text or text:sub(1, utf8.offset(text, 0, n + 1) - 1)
end

-- What is told quotes others: `${name}` in it is text, and the secret of that name is not put in its place.
local function quoted(value, secret)
  if not secret then return value end
  if type(value) == "string" then
    return (value:gsub("%${(" .. secret:gsub("%W", "%%%0") .. "})", "$ {%1"))
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for name, member in pairs(value) do copy[name] = quoted(member, secret) end
  return getmetatable(value) == "array" and array(copy) or copy
end

-- An answer other than 2xx is raised as an error object with `status` and `retryable`.
local function post(what, request)
  request.method = "POST"
  request.resend = true
  request.timeout = request.timeout or 15
  local answer = require "http".request(request)
  if answer.dryRun or (answer.status >= 200 and answer.status <= 299) then return answer end
  local text = answer.body and head(answer.body, 200) or ""
  error({
    code = "NotTaken",
    status = answer.status,
    retryable = answer.status >= 500 or answer.status == 429 or answer.status == 408,
    message = ("%s: the answer was %d %s"):format(what, answer.status, text),
  }, 0)
end

-- Text in Slack's messages: what would be read as markup of theirs.
function M.escape(text)
  return (tostring(text):gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

function M.slack(args)
  local url, secrets = place(args, "notify.slack")
  if not args.text and not args.blocks then error("notify.slack: text is missing", 0) end
  post("Slack", { url = url, secrets = secrets, timeout = args.timeout,
    json = quoted({ text = args.text, blocks = args.blocks }, args.secret) })
end

function M.webhook(args)
  local url, secrets = place(args, "notify.webhook")
  return post("the webhook", { url = url, secrets = secrets, timeout = args.timeout, headers = args.headers,
    json = quoted(required(args, "payload", "notify.webhook"), args.secret) })
end

-- routing_key, or secret, its name. Trigger, acknowledge and resolve of one incident have one dedup_key.
function M.pagerduty(args)
  local what = "notify.pagerduty"
  check_table(args, what)
  local action = args.action or "trigger"
  if not ACTIONS[action] then error(what .. ": action is trigger, acknowledge or resolve", 0) end
  if (args.routing_key == nil) == (args.secret == nil) then
    error(what .. ": give routing_key, or secret, the name of a secret that is it", 0)
  end
  local event = {
    event_action = action,
    dedup_key = args.dedup_key,
  }
  if action == "trigger" then
    local severity = args.severity or "error"
    if not SEVERITIES[severity] then error(what .. ": severity is critical, error, warning or info", 0) end
    event.payload = {
      summary = head(quoted(required(args, "summary", what), args.secret), 1024),
      source = args.source or "runbook",
      severity = severity,
      timestamp = iso8601(now()),
      component = args.component,
      group = args.group,
      class = args.class,
      custom_details = args.details,
    }
    event.client = "runbook"
  else
    required(args, "dedup_key", what)
  end
  event = quoted(event, args.secret)
  event.routing_key = args.routing_key or "${" .. args.secret .. "}"
  return post("PagerDuty", { url = args.url or PAGERDUTY, secrets = args.secret and array { args.secret },
    timeout = args.timeout, json = event }).json
end

-- At most 100 printable ASCII characters on one line: all that the subject of a mail may have.
local function subject_of(text)
  local line = text and text:gsub("[^\32-\126]+", " "):sub(1, 100):gsub("^ +", "")
  return line ~= "" and line or nil
end

-- topic is an ARN that [sns] topics lists. Returns the answer: MessageId.
function M.sns(args)
  local what = "notify.sns"
  check_table(args, what)
  local attributes
  for name, value in pairs(args.attributes or {}) do
    attributes = attributes or {}
    attributes[name] = { DataType = "String", StringValue = tostring(value) }
  end
  return require "sns".publish { TopicArn = required(args, "topic", what), Subject = subject_of(args.subject),
    Message = head(required(args, "message", what), 262144), MessageAttributes = attributes,
    MessageGroupId = args.group, MessageDeduplicationId = args.dedup, resend = true }
end

return M
