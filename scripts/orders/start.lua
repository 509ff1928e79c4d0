-- Makes a state machine with a Distributed Map, starts it and waits for its end.
--
-- input: orders (how many items, default 20)
-- result: executionArn, mapRunArn, status
local sfn = require "sfn"
local input = ...

-- Every order's invoice is sent by its own child execution. A tenth may fail; more fail the Map Run.
local definition = [[{
  "StartAt": "SendInvoices",
  "States": {
    "SendInvoices": {
      "Type": "Map",
      "Label": "SendInvoices",
      "ItemsPath": "$.orders",
      "MaxConcurrency": 4,
      "ToleratedFailurePercentage": 10,
      "ItemProcessor": {
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "SendInvoice",
        "States": {
          "SendInvoice": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:send-invoice",
            "End": true
          }
        }
      },
      "End": true
    }
  }
}]]

local orders = {}
for number = 1, input.orders or 20 do
  orders[number] = ('{"order":%d}'):format(number)
end

local machine = sfn.create_state_machine {
  name = "Orders",
  definition = definition,
  roleArn = "arn:aws:iam::123456789012:role/orders",
}
local execution = sfn.start_execution {
  stateMachineArn = machine.stateMachineArn,
  name = "invoices-of-today",
  input = ('{"orders":[%s]}'):format(table.concat(orders, ",")),
}

local now_is
repeat
  sleep(0.2)
  now_is = sfn.describe_execution { executionArn = execution.executionArn }
until now_is.status ~= "RUNNING"

local map_run = sfn.list_map_runs { executionArn = execution.executionArn }.mapRuns[1]
log.info("execution", now_is.name, "ended:", now_is.status)
return {
  executionArn = execution.executionArn,
  mapRunArn = map_run.mapRunArn,
  status = now_is.status,
}
