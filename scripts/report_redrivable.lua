-- Reports which bad executions can be redriven no more, and which only for some days: the service
-- redrives an execution for 14 days after its end. Changes nothing.
--
-- input: stateMachineArns   a list
--        warnDays           so few days left are told of (default 3)
--        oldDays            what ended longer ago is not told of again (default 21: a week after it was lost)
--        most               executions that are looked at one by one (default 1000)
-- result: lost, soon: lists of executionArn, status, stopDate, daysLeft, why; open: how many have more
--         time; notLookedAt: how many were too many
--- policy: allow = sfn.list_executions, sfn.describe_execution
local sfn, pages = require "sfn", require "pages"
local input = ...

local DAY = 86400
local REDRIVABLE_DAYS = 14
local PACE = 0.2 -- seconds between two looks: DescribeExecution refills 10 to 15 a second for everybody

local started = now()
local warn_days, old_days = input.warnDays or 3, input.oldDays or 21
local lost, soon, open, not_looked_at = array {}, array {}, 0, 0
local looks = 0

-- In tenths of a day, and never more than there is.
local function days_left(execution)
  return math.floor((REDRIVABLE_DAYS - (started - execution.stopDate) / DAY) * 10) / 10
end

local function tell(list, execution, left, why)
  list[#list + 1] = {
    executionArn = execution.executionArn, status = execution.status, stopDate = iso8601(execution.stopDate),
    daysLeft = math.max(0, left), why = why,
  }
  log.warn(execution.executionArn, execution.status .. ":", why)
end

-- The date alone proves that it is lost. That it is not, only the service can say: it counts redrives,
-- events and the age of the first attempt as well.
local function look(execution, left)
  if left <= 0 then return tell(lost, execution, left, "ended more than 14 days ago") end
  if looks >= (input.most or 1000) then
    not_looked_at = not_looked_at + 1
    return
  end
  looks = looks + 1
  local seen = sfn.describe_execution { executionArn = execution.executionArn, includedData = "METADATA_ONLY" }
  sleep(PACE)
  if seen.status ~= execution.status then
    return -- redriven meanwhile
  elseif seen.redriveStatus ~= "REDRIVABLE" then
    tell(lost, execution, left, seen.redriveStatusReason or tostring(seen.redriveStatus))
  elseif left <= warn_days then
    tell(soon, execution, left, ("can be redriven for %.1f more days"):format(left))
  else
    open = open + 1
  end
end

for _, machine in ipairs(input.stateMachineArns) do
  for _, status in ipairs { "FAILED", "TIMED_OUT", "ABORTED" } do
    for execution in pages.executions { stateMachineArn = machine, statusFilter = status } do
      local left = days_left(execution)
      if left > REDRIVABLE_DAYS - old_days then look(execution, left) end
    end
  end
end

local function sooner(a, b) return a.daysLeft < b.daysLeft end
table.sort(lost, sooner)
table.sort(soon, sooner)
log.info(#lost, "are lost,", #soon, "soon will be,", open, "have more time")
return { lost = lost, soon = soon, open = open, notLookedAt = not_looked_at }
