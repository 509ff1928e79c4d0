-- The task handlers of the quickstart: what AWS Lambda would do, by function name.
local mail_server_is_up = false

return {
  ["send-invoice"] = function(input)
    if not mail_server_is_up and input.order % 6 == 0 then
      error { error = "MailServerDown", cause = "no answer from the mail server for order " .. input.order }
    end
    return { order = input.order, sent = true }
  end,
}
