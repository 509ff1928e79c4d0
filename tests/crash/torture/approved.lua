-- Waits for a person, in a branch beside one that does not, before it redrives.
local calm = require "calm"
local input = ...

local function asking()
  approve { subject = "redrive " .. input.name, n = 1 }
  local redrives = 0
  for _, arn in ipairs(input.executions) do redrives = redrives + calm.redrive_until_done(arn) end
  return redrives
end

local function noting()
  sleep(0.1)
  calm.note(input, input.name .. "-beside", "{}")
  return 1
end

local ended = parallel { asking, noting }
return { redrives = ended[1], notes = ended[2] }
