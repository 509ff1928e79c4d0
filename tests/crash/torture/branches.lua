-- Redrives all executions side by side. The branches share a counter and a list, so what each notes
-- depends on the order in which the answers came.
local calm = require "calm"
local input = ...

local count, order = 0, {}

local function branch(number, arn)
  return function()
    return calm.redrive_until_done(arn, function()
      count = count + 1
      order[#order + 1] = number
      calm.note(input, ("%s-%d"):format(input.name, count), ('{"order":"%s"}'):format(table.concat(order, ",")))
      sleep(0.02 * number)
    end)
  end
end

local branches = {}
for number, arn in ipairs(input.executions) do branches[number] = branch(number, arn) end

local redrives = 0
for _, n in ipairs(parallel(branches)) do redrives = redrives + n end
return { redrives = redrives, notes = count, order = table.concat(order, ",") }
