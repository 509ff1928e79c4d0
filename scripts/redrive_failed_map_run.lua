-- Redrives the execution behind a failed Map Run, once, and waits for its end. Refuses when a person
-- should look first: items that can never be redriven, or more bad items than expected.
--
-- input: mapRunArn
--        maxFailed   more bad items than this are refused (default 1000)
-- result: status, counts; or skipped, when there is nothing to redrive; or dryRun, bad, pending
local sfn, redrive = require "sfn", require "redrive"
local input = ...

local run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
if run.status == "RUNNING" or run.status == "SUCCEEDED" then
  return { skipped = run.status }
end

local items = run.itemCounts
local bad = items.failed + items.timedOut + items.aborted
if items.failuresNotRedrivable > 0 then
  error(items.failuresNotRedrivable .. " items can never be redriven: needs a person")
end
if bad > (tonumber(input.maxFailed) or 1000) then
  error(bad .. " bad items: needs a person")
end
log.info("redriving:", bad, "bad and", items.pending, "pending items of", items.total)

-- Redrives the parent, sees that the Map Run really restarted, and waits for its end.
local result = redrive.until_done {
  executionArn = run.executionArn,
  mapRunArn = input.mapRunArn,
  attempts = 1,
}
if result.dryRun then
  return { dryRun = true, bad = bad, pending = items.pending }
end
return { status = result.status, counts = result.itemCounts }
