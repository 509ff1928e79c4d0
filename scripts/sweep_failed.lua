-- Sweeps one state machine: redrives what failed lately and has not been redriven often enough.
--
-- It does not wait for the ends: the next sweep sees what failed again. One at a time and not all: the
-- host's budget is 10 redrives of a state machine in an hour, and what is left over is left for the
-- next sweep, the oldest first, as they are the first that can be redriven no more.
--
-- input: stateMachineArn
--        hours         how far back an end may be (default 24; the service redrives for 14 days)
--        most          redrives in one sweep (default 10)
--        each          redrives of one execution, by anybody (default 1)
--        statuses      which ends are swept (default FAILED and TIMED_OUT; ABORTED was somebody's wish)
-- result: found, redriven (names), skipped (how many for each reason), left for the next sweep
--- policy: allow = sfn.list_executions, sfn.describe_execution, sfn.redrive_execution
local sfn, pages, redrive = require "sfn", require "pages", require "redrive"
local input = ...

local most = input.most or 10
local each = input.each or 1
local since = now() - (input.hours or 24) * 3600
local PACE = 0.2 -- seconds between two looks: DescribeExecution refills 10 to 15 a second for everybody

local redriven, skipped, candidates = array {}, {}, {}

local function skip(reason)
  skipped[reason] = (skipped[reason] or 0) + 1
end

for _, status in ipairs(input.statuses or { "FAILED", "TIMED_OUT" }) do
  for execution in pages.executions { stateMachineArn = input.stateMachineArn, statusFilter = status } do
    if execution.stopDate and execution.stopDate < since then
      skip "ended too long ago"
    elseif (execution.redriveCount or 0) >= each then
      skip "redriven often enough"
    else
      candidates[#candidates + 1] = execution
    end
  end
end
table.sort(candidates, function(a, b)
  if a.stopDate ~= b.stopDate then return (a.stopDate or 0) < (b.stopDate or 0) end
  return a.executionArn < b.executionArn
end)

-- Somebody else may have redriven it meanwhile, or a rule says no: neither ends the sweep.
local function redrive_one(execution)
  local seen = sfn.describe_execution { executionArn = execution.executionArn }
  if seen.status ~= execution.status then return skip("is " .. seen.status .. " by now") end
  if seen.redriveCount >= each then return skip "redriven often enough" end
  if seen.redriveStatus ~= "REDRIVABLE" then
    log.warn(execution.name, "cannot be redriven:", seen.redriveStatusReason or tostring(seen.redriveStatus))
    return skip "cannot be redriven"
  end
  redrive.start(execution.executionArn)
  redriven[#redriven + 1] = execution.name
end

local tried = 0
for number, execution in ipairs(candidates) do
  if #redriven >= most then break end
  progress { done = number - 1, total = #candidates, text = execution.name }
  local well, e = pcall(redrive_one, execution)
  tried = number
  if not well and type(e) == "table" and e.code == "PolicyDenied" then
    log.warn("the sweep ends here:", e)
    tried = number - 1
    break
  elseif not well and type(e) == "table" and (e.code == "OutcomeUnknown" or e.code == "AuditUnavailable") then
    error(e, 0)
  elseif not well then
    log.warn(execution.name, "was not redriven:", e)
    skip "was not redriven: see the log"
  end
  sleep(PACE)
end

return { found = #candidates, redriven = redriven, skipped = skipped, left = #candidates - tried }
