-- watch.lua - what `runbook watch` runs: one Map Run until it ends, with its rate and an estimate.
--
-- The longer it takes, the rarer the looks: a watch of a year is 9,000 steps, below the limit of a run.
--
-- input: mapRunArn
--        every   seconds between two looks at first (default 2); later a 250th of what has passed
-- result: succeeded, status, itemCounts, executionCounts, redriveCount
--- policy: allow = sfn.describe_map_run
local sfn = require "sfn"
local input = ...

local EVERY = input.every or 2
local GROWTH = 250
local WINDOW = 20      -- looks that the rate is made of
local STILL_SECONDS = 60

local began = now()
local looks = {}       -- { at =, ended = }, oldest first; those at which something had changed
local moved_at = began

local function bad_of(c) return c.failed + c.timedOut + c.aborted end
local function ended_of(c) return c.succeeded + bad_of(c) end

local function duration(seconds)
  if seconds < 90 then return ("%d s"):format(math.max(1, math.floor(seconds + 0.5))) end
  if seconds < 90 * 60 then return ("%d min"):format(math.floor(seconds / 60 + 0.5)) end
  if seconds < 48 * 3600 then return ("%.1f h"):format(seconds / 3600) end
  return ("%.1f days"):format(seconds / 86400)
end

-- Items a second, over the last looks; nothing before there are two.
local function rate()
  local first, last = looks[1], looks[#looks]
  if not first or last.at <= first.at or last.ended <= first.ended then return end
  return (last.ended - first.ended) / (last.at - first.at)
end

local function speed(counts)
  local per_second, left = rate(), counts.total - ended_of(counts)
  if not per_second or left <= 0 then return "" end
  local shown = per_second >= 0.95 and ("%.1f/s"):format(per_second)
    or per_second * 60 >= 0.95 and ("%.1f/min"):format(per_second * 60) or ("%.1f/h"):format(per_second * 3600)
  return (" %s, about %s left;"):format(shown, duration(left / per_second))
end

-- How long nothing has moved, in steps that double, so that it is news only now and then.
local function stillness(at)
  local still, step = at - moved_at, STILL_SECONDS
  if still < step then return "" end
  while still >= step * 2 do step = step * 2 end
  return (" nothing has moved for %s;"):format(duration(step))
end

local function note(at, counts)
  local last = looks[#looks]
  local ended = ended_of(counts)
  if last and ended < last.ended then looks = {} end -- redriven: what was bad is pending again
  if last and ended == last.ended then return end
  looks[#looks + 1] = { at = at, ended = ended }
  if #looks > WINDOW then table.remove(looks, 1) end
  moved_at = at
end

local function show(at, run)
  local c = run.itemCounts
  note(at, c)
  progress {
    done = ended_of(c), total = c.total,
    text = ("%s:%s%s %d running, %d pending, %d bad"):format(run.status, speed(c), stillness(at), c.running,
      c.pending + c.pendingRedrive, bad_of(c)),
  }
end

local run
repeat
  run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
  local at = now()
  show(at, run)
  local over = run.status ~= "RUNNING"
  if not over then sleep(math.max(EVERY, (at - began) / GROWTH)) end
until over

if now() - began > 1 then -- its counters lag behind its status
  sleep(1)
  run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
  show(now(), run)
end
return {
  succeeded = run.status == "SUCCEEDED", status = run.status, itemCounts = run.itemCounts,
  executionCounts = run.executionCounts, redriveCount = run.redriveCount,
}
