-- Redrives one execution after the other until each has succeeded.
local calm = require "calm"
local input = ...

local redrives = 0
for _, arn in ipairs(input.executions) do
  redrives = redrives + calm.redrive_until_done(arn)
end
return { redrives = redrives, notes = 0 }
