-- Redrives the execution behind a failed Map Run, and asks a person first when it is more than a little.
-- Sees that the Map Run really restarted, and waits for its end.
--
-- input: mapRunArn
--        freely    so many bad items are redriven without asking (default 100)
--        people    how many have to approve (default 1); who may: [approvals] people
--        hours     how long they have (default 24)
-- result: status, counts, approvedBy; or skipped, when there is nothing to redrive
-- raises: ApprovalDenied, ApprovalExpired
--- policy: allow = sfn.describe_*, sfn.list_map_runs, sfn.redrive_execution
local sfn, redrive = require "sfn", require "redrive"
local input = ...

local function bad_items(run)
  return run.itemCounts.failed + run.itemCounts.timedOut + run.itemCounts.aborted
end

local function nothing_to_do(run)
  return run.status == "RUNNING" or run.status == "SUCCEEDED"
end

local run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
if nothing_to_do(run) then return { skipped = run.status } end

local bad, approved_by = bad_items(run), array {}
if bad > (input.freely or 100) then
  local answer = approve {
    subject = ("redrive %d bad items of %d of %s"):format(bad, run.itemCounts.total, input.mapRunArn),
    n = input.people or 1,
    expires = (input.hours or 24) * 3600,
  }
  approved_by = answer.approvedBy
  -- It may have taken hours: what was approved must still be what is there.
  run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
  if nothing_to_do(run) then return { skipped = run.status, approvedBy = approved_by } end
  if bad_items(run) > bad then
    error(("%d bad items were approved, there are %d now"):format(bad, bad_items(run)), 0)
  end
end

local result = redrive.until_done { executionArn = run.executionArn, mapRunArn = input.mapRunArn }
if result.dryRun then return { dryRun = true, bad = bad, approvedBy = approved_by } end
return { status = result.status, counts = result.itemCounts, approvedBy = approved_by }
