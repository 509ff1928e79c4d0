-- Watches the long Map Runs of one state machine and adjusts their MaxConcurrency: gently up while
-- items succeed, down by half as soon as too many of them go wrong.
--
-- Each run looks twice, some time apart, and judges what happened in between; the schedule makes it go on.
-- A Map Run without a limit is only ever given one, half of what runs then.
--
-- input: stateMachineArn
--        minutes     a Map Run is long after so many (default 30)
--        seconds     between the two looks (default 60)
--        lowest, highest   bounds of MaxConcurrency (default 1 and 1000)
--        step        how much more at a time (default 10)
--        badPercent  more bad items than this in between are too many (default 5)
-- result: long, how many were looked at; adjusted, a list of mapRunArn, from, to, why
--- policy: allow = sfn.list_executions, sfn.list_map_runs, sfn.describe_map_run, sfn.update_map_run
local sfn, pages = require "sfn", require "pages"
local input = ...

local lowest, highest = input.lowest or 1, input.highest or 1000
local step, bad_percent = input.step or 10, input.badPercent or 5
local long_since = now() - (input.minutes or 30) * 60
local NO_LIMIT = 0x7fffffff -- what DescribeMapRun says where the definition has no MaxConcurrency, or 0
local PACE = 1 -- DescribeMapRun refills one call a second for an account and region

if lowest < 1 or highest < lowest then error("lowest must be 1 or more, and highest no less than it", 0) end

local function look(arn)
  local run = sfn.describe_map_run { mapRunArn = arn }
  local c = run.itemCounts
  sleep(PACE)
  local limited = run.maxConcurrency > 0 and run.maxConcurrency < NO_LIMIT
  return { status = run.status, limit = limited and run.maxConcurrency or nil, running = c.running, good = c.succeeded,
    bad = c.failed + c.timedOut + c.aborted, waiting = c.pending + c.pendingRedrive }
end

local function long_map_runs()
  local found = {}
  for execution in pages.executions { stateMachineArn = input.stateMachineArn, statusFilter = "RUNNING" } do
    for map_run in pages.map_runs { executionArn = execution.executionArn } do
      if not map_run.stopDate and map_run.startDate <= long_since then
        found[#found + 1] = { arn = map_run.mapRunArn, first = look(map_run.mapRunArn) }
      end
    end
  end
  return found
end

-- The new limit and why, or nothing when it is to stay.
local function judge(first, second)
  local good, bad = second.good - first.good, second.bad - first.bad
  if bad > 0 and bad * 100 > (good + bad) * bad_percent then
    return math.max(lowest, (second.limit or second.running) // 2), ("%d of %d items went wrong"):format(bad, good + bad)
  end
  -- More than what runs now would be no help where nothing waits.
  if good > 0 and second.limit and second.waiting > 0 then
    return math.min(highest, second.limit + step), ("%d items went well, %d wait"):format(good, second.waiting)
  end
end

local watched, adjusted = long_map_runs(), array {}
if #watched > 0 then sleep(input.seconds or 60) end
for _, map_run in ipairs(watched) do
  local second = look(map_run.arn)
  local to, why = judge(map_run.first, second)
  if second.status == "RUNNING" and to and to ~= second.limit then
    sfn.update_map_run { mapRunArn = map_run.arn, maxConcurrency = to }
    log.info(map_run.arn, "from", second.limit or "no limit", "to", to .. ":", why)
    adjusted[#adjusted + 1] = { mapRunArn = map_run.arn, from = second.limit, to = to, why = why }
  end
end
return { long = #watched, adjusted = adjusted }
