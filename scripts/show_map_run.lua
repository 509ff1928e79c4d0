-- Shows one Map Run: its status and what became of its items.
--
-- input: mapRunArn
-- result: status, itemCounts, redriveCount, executionArn
local sfn = require "sfn"
local input = ...

local run = sfn.describe_map_run { mapRunArn = input.mapRunArn }
return {
  status = run.status,
  itemCounts = run.itemCounts,
  redriveCount = run.redriveCount,
  executionArn = run.executionArn,
}
