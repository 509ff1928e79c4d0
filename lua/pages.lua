-- pages.lua - iterators over what the service lists page by page. Documented in README.md beside this file.
local sfn = require "sfn"

local M = {}

-- Pages are fetched as the loop comes to them: one that ends early asks for no more.
local function each(operation, member, args)
  local page, at = nil, 0
  return function()
    while not page or at == #page[member] do
      if page and not page.nextToken then return nil end
      local ask = { nextToken = page and page.nextToken }
      for name, value in pairs(args) do
        ask[name] = value
      end
      page, at = operation(ask), 0
    end
    at = at + 1
    return page[member][at]
  end
end

function M.executions(args)
  return each(sfn.list_executions, "executions", args)
end

function M.map_runs(args)
  return each(sfn.list_map_runs, "mapRuns", args)
end

return M
