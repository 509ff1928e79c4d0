-- Operations for runbooks whose service dies and comes back: what was certainly not done is asked for
-- again, what nobody knows of is not.
local sfn = require "sfn"
local calm = {}

local patience = 600 -- tenths of a second

local function may_be_asked_again(e)
  if type(e) ~= "table" or e.code == "OutcomeUnknown" then return false end
  return e.retryable or e.rule == "unsettled"
end

function calm.ask(operation, args)
  for _ = 1, patience do
    local ok, answer = pcall(sfn[operation], args)
    if ok then return answer end
    if not may_be_asked_again(answer) then error(answer, 0) end
    sleep(0.1)
  end
  error(operation .. ": the service did not come back", 0)
end

-- Did this call redrive it? Somebody else may have been faster.
function calm.redrive(arn)
  local ok, e = pcall(calm.ask, "redrive_execution", { executionArn = arn })
  if ok then return true end
  if type(e) == "table" and e.code == "ExecutionNotRedrivable" then return false end
  error(e, 0)
end

function calm.status(arn)
  return calm.ask("describe_execution", { executionArn = arn }).status
end

-- Redrive until it succeeds, and call after_each(n) after the n-th redrive of ours. Returns how many.
function calm.redrive_until_done(arn, after_each)
  local redrives = 0
  while true do
    local status = calm.status(arn)
    if status == "SUCCEEDED" then return redrives end
    if status == "RUNNING" then
      sleep(0.05)
    elseif calm.redrive(arn) then
      redrives = redrives + 1
      if after_each then after_each(redrives) end
    end
  end
end

-- An execution of a machine that only keeps its input: a change that can be counted.
function calm.note(input, name, text)
  calm.ask("start_execution", { stateMachineArn = input.notes, name = name, input = text })
end

return calm
