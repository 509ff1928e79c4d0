-- Sleeps before, between and after redrives; what it notes is made of time and chance, which a replay
-- must not throw again.
local calm = require "calm"
local input = ...

local notes = 0
sleep(input.seconds)
local redrives = 0
for _, arn in ipairs(input.executions) do
  redrives = redrives + calm.redrive_until_done(arn, function()
    notes = notes + 1
    calm.note(input, input.name .. "-" .. uuid(), ('{"at":%.6f,"chance":%d}'):format(now(), random(1000000)))
    sleep(input.seconds / 2)
  end)
end
sleep(input.seconds)
return { redrives = redrives, notes = notes }
