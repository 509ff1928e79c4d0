-- redrive.lua - redrive an execution and see it through: what a 200 from RedriveExecution does not prove.
--
-- The service answers as soon as the parent execution has been restarted. Whether this call restarted
-- it (and not an older one with the same token), whether the Map Run was restarted too, and how both
-- ended, is checked here. Documented in README.md beside this file.
local sfn = require "sfn"

local M = {}

local SETTLE_SECONDS = 30   -- DescribeExecution and DescribeMapRun are eventually consistent
local RESTART_SECONDS = 60  -- a Map Run may first finish what it was doing when it failed
local LONGEST_POLL = 30
local GROWTH = 1.4

local function fail(format, ...)
  error("redrive: " .. format:format(...), 0)
end

-- Arguments -----------------------------------------------------------------------------------------

local DEFAULTS = { attempts = 1, pollSeconds = 1 }
local TYPES = {
  executionArn = "string", mapRunArn = "string",
  attempts = "number", pollSeconds = "number", timeoutSeconds = "number",
}

local function checked(args)
  if type(args) ~= "table" then fail("takes a table, got a %s", type(args)) end
  local out = {}
  for name, value in pairs(args) do
    if not TYPES[name] then fail("unknown argument '%s'", tostring(name)) end
    if type(value) ~= TYPES[name] then
      fail("%s must be a %s, got a %s", name, TYPES[name], type(value))
    end
    out[name] = value
  end
  for name, value in pairs(DEFAULTS) do
    if out[name] == nil then out[name] = value end
  end
  if not out.executionArn then fail("executionArn is missing") end
  if math.type(out.attempts) ~= "integer" or out.attempts < 1 then
    fail("attempts must be a whole number, 1 or more")
  end
  if out.pollSeconds <= 0 then fail("pollSeconds must be more than 0") end
  if out.timeoutSeconds and out.timeoutSeconds <= 0 then fail("timeoutSeconds must be more than 0") end
  return out
end

-- Waiting -------------------------------------------------------------------------------------------

-- Growing pauses; returns their length. One DescribeMapRun a second is what an account and region may
-- do in the long run: there is a pause before each look.
local function poller(args, deadline)
  local pause = args.pollSeconds
  return function(what)
    local this = pause
    if deadline and now() + this > deadline then
      fail("no end after %g s: %s (a redriven execution goes on by itself)", args.timeoutSeconds, what)
    end
    sleep(this)
    pause = math.min(this * GROWTH, math.max(LONGEST_POLL, args.pollSeconds))
    return this
  end
end

local function show(map_run)
  local c = map_run.itemCounts
  local bad = c.failed + c.timedOut + c.aborted
  progress {
    done = c.succeeded, total = c.total,
    text = ("Map Run %s: %d succeeded, %d running, %d pending, %d bad"):format(
      map_run.status, c.succeeded, c.running, c.pending + c.pendingRedrive, bad),
  }
end

-- One redrive ---------------------------------------------------------------------------------------

local function check_before(execution)
  if execution.status == "RUNNING" then
    fail("the execution is RUNNING: someone else redrove it, or it never stopped")
  end
  if execution.redriveStatus and execution.redriveStatus ~= "REDRIVABLE" then
    fail("the execution cannot be redriven: %s",
      execution.redriveStatusReason or execution.redriveStatus)
  end
end

local function check_alone(count, execution)
  if execution.redriveCount > count then
    fail("redriveCount went up to %d and not to %d: someone else redrives this execution too",
      execution.redriveCount, count)
  end
end

-- A token that the service remembers makes it answer again and do nothing. Its own dates prove that;
-- `replayed` alone may be due to a clock that is off, and the count will tell.
local function check_new(before, answer)
  if before.redriveDate and answer.redriveDate <= before.redriveDate then
    fail("nothing was redriven: the service answered with the redrive of %s, made by an older call with the same"
      .. " clientToken", iso8601(answer.redriveDate))
  elseif answer.replayed then
    log.warn("the answer is dated before the call: an older one with the same clientToken, or a clock is off")
  end
end

-- The count of redrives must go up: if it does not, an older call with the same token was answered again.
-- By more than one means that someone else redrives too; `alone` says that nobody may.
local function wait_until_counted(args, before, answer, pause, alone)
  local started = now()
  while true do
    local execution = sfn.describe_execution { executionArn = args.executionArn }
    if alone then check_alone(before.redriveCount + 1, execution) end
    if execution.redriveCount > before.redriveCount then return execution end
    if now() - started > SETTLE_SECONDS then
      fail("the service answered with redriveDate %s, but redriveCount is still %d",
        iso8601(answer.redriveDate), execution.redriveCount)
    end
    pause("redriveCount has not changed yet")
  end
end

local function has_restarted(before, map_run)
  return map_run.status == "RUNNING" or map_run.redriveCount > before.redriveCount
    or (map_run.redriveDate ~= nil and map_run.redriveDate ~= before.redriveDate)
end

-- After some failures (too much data, a bad expression behind the map) the service starts a new Map Run
-- instead of redriving the old one. The newest comes first.
local function replacement(args, answer)
  local newest = sfn.list_map_runs { executionArn = args.executionArn, maxResults = 1 }.mapRuns[1]
  if newest and newest.mapRunArn ~= args.mapRunArn and newest.startDate >= answer.redriveDate then
    return newest.mapRunArn
  end
end

-- Follows the Map Run of one redrive. Counters lag by seconds, so one look proves nothing.
local function watcher(args, before, answer)
  local w = { arn = args.mapRunArn, restarted = false, started = now() }

  function w.look()
    if not w.arn then return end
    w.map_run = sfn.describe_map_run { mapRunArn = w.arn }
    w.restarted = w.restarted or has_restarted(before, w.map_run)
    if w.restarted then
      show(w.map_run)
    elseif now() - w.started > RESTART_SECONDS then
      w.look_for_replacement()
    end
  end

  function w.look_for_replacement()
    local arn = replacement(args, answer)
    if arn then
      log.warn("a new Map Run was started in place of the old one: " .. arn)
      w.arn, w.restarted = arn, true
      w.map_run = sfn.describe_map_run { mapRunArn = arn }
    end
  end

  return w
end

local function ended(status)
  return status ~= "RUNNING" and status ~= "PENDING_REDRIVE"
end

-- The execution has ended, but its Map Run was not seen to restart: the view of it may lag.
local function wait_for_restart(watch, pause)
  local waited = 0
  while watch.arn and not watch.restarted and waited < SETTLE_SECONDS do
    waited = waited + pause("the execution has ended, its Map Run has not been seen to restart")
    watch.look()
    if not watch.restarted then watch.look_for_replacement() end
  end
end

local function wait_for_end(args, execution, watch, deadline)
  local count, pause = execution.redriveCount, poller(args, deadline)
  while not ended(execution.status) do
    pause("the execution is " .. execution.status)
    execution = sfn.describe_execution { executionArn = args.executionArn }
    check_alone(count, execution)
    watch.look()
  end
  wait_for_restart(watch, poller(args, deadline))
  if watch.arn and not watch.restarted then
    fail("the execution was redriven and is %s, but its Map Run was not restarted: %s: %s",
      execution.status, execution.error or "no error name", execution.cause or "no cause")
  end
  while watch.arn and watch.map_run.status == "RUNNING" do
    pause("the execution has ended, its Map Run is still RUNNING")
    watch.look()
  end
  return execution
end

-- Returns the execution at its end and its Map Run (or nil); or nothing in a dry run.
local function redrive_once(args, deadline)
  local before = sfn.describe_execution { executionArn = args.executionArn }
  check_before(before)
  local map_before = args.mapRunArn and sfn.describe_map_run { mapRunArn = args.mapRunArn }

  local answer = sfn.redrive_execution { executionArn = args.executionArn }
  if answer.dryRun then return end
  check_new(before, answer)
  log.info("redrive accepted at", iso8601(answer.redriveDate))

  local execution = wait_until_counted(args, before, answer, poller(args, deadline), true)
  local watch = watcher(args, map_before, answer)
  execution = wait_for_end(args, execution, watch, deadline)
  return execution, watch.map_run
end

-- The newest Map Run of the execution, or nil.
local function newest_map_run(execution_arn)
  local newest = sfn.list_map_runs { executionArn = execution_arn, maxResults = 1 }.mapRuns[1]
  return newest and newest.mapRunArn
end

function M.until_done(args)
  args = checked(args)
  args.mapRunArn = args.mapRunArn or newest_map_run(args.executionArn)
  local deadline = args.timeoutSeconds and now() + args.timeoutSeconds

  for attempt = 1, args.attempts do
    local execution, map_run = redrive_once(args, deadline)
    if not execution then return { dryRun = true } end
    if map_run then args.mapRunArn = map_run.mapRunArn end
    if execution.status == "SUCCEEDED" or attempt == args.attempts then
      return {
        status = execution.status,
        redriveCount = execution.redriveCount,
        attempts = attempt,
        mapRunArn = args.mapRunArn,
        mapRunStatus = map_run and map_run.status,
        itemCounts = map_run and map_run.itemCounts,
        executionCounts = map_run and map_run.executionCounts,
      }
    end
    log.warn(("attempt %d of %d ended %s"):format(attempt, args.attempts, execution.status))
    sleep(args.pollSeconds)
  end
end

function M.start(execution_arn)
  if type(execution_arn) ~= "string" then
    error("redrive.start: takes an execution's ARN, got a " .. type(execution_arn), 0)
  end
  local args = { executionArn = execution_arn, pollSeconds = DEFAULTS.pollSeconds }
  local before = sfn.describe_execution { executionArn = execution_arn }
  check_before(before)
  local answer = sfn.redrive_execution { executionArn = execution_arn }
  if answer.dryRun then return { dryRun = true, redriveCount = before.redriveCount } end
  check_new(before, answer)
  wait_until_counted(args, before, answer, poller(args))
  return { redriveCount = before.redriveCount + 1, redriveDate = answer.redriveDate }
end

return M
