-- Reacts to an EventBridge "Step Functions Execution Status Change" event: redrives the execution that
-- failed, until it was redriven often enough. Then it is left alone, and the run fails once to say so.
--
-- It does not wait for the end: if the redriven execution fails again, that is another event. What
-- has been done is read from the execution itself, so an event that comes twice or late does nothing.
--
-- input: the event; of its members detail.executionArn, detail.status and detail.redriveCount are used
-- result: redriven, how often by now; or skipped, why nothing was to be done
-- raises: when a person is needed
--- policy: allow = sfn.describe_execution, sfn.redrive_execution
local sfn, redrive = require "sfn", require "redrive"
local event = ...

local MOST = 3 -- redrives of one execution, by anybody; the host's own budget is 3 in 24 hours, too
local BAD = { FAILED = true, TIMED_OUT = true }

local detail = event.detail
if type(detail) ~= "table" or type(detail.executionArn) ~= "string" then
  error("not an execution status change: there is no detail.executionArn", 0)
end
if not BAD[detail.status] then
  return { skipped = "an event of status " .. tostring(detail.status) }
end

local execution = sfn.describe_execution { executionArn = detail.executionArn }
if not BAD[execution.status] or execution.redriveCount ~= detail.redriveCount then
  return { skipped = ("the event is of redrive %s, the execution is %s at redrive %d"):format(
    tostring(detail.redriveCount), execution.status, execution.redriveCount) }
end
if execution.redriveCount >= MOST then
  error(("%s is %s after %d redrives and is left alone: %s: %s"):format(execution.name, execution.status,
    execution.redriveCount, execution.error or "no error name", execution.cause or "no cause"), 0)
end
if execution.redriveStatus ~= "REDRIVABLE" then
  error(("%s is %s and cannot be redriven: %s"):format(execution.name, execution.status,
    execution.redriveStatusReason or tostring(execution.redriveStatus)), 0)
end

local begun = redrive.start(detail.executionArn)
if begun.dryRun then return { dryRun = true, redriven = begun.redriveCount } end
log.info("redrive", begun.redriveCount, "of at most", MOST, "of", execution.name)
return { redriven = begun.redriveCount }
