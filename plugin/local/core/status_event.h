/*
 * status_event.h - what the service tells EventBridge when a Standard execution changes status.
 *
 * "Step Functions Execution Status Change": RUNNING at its start and at each redrive, then how it
 * ended. The children of a Map Run are executions like others; waiting for a redrive is no status
 * that is told. Express executions are never told of.
 *
 * The detail has its eighteen members always, in the recorded order, null where there is nothing;
 * times are milliseconds. Input and output together above 248 KiB are left out, which their
 * ...Details say. A time-out's error and cause are null (recorded).
 */
#ifndef LOCAL_STATUS_EVENT_H
#define LOCAL_STATUS_EVENT_H

struct execution;

/* Tell the world, if it listens, of the status the execution has now. */
void status_event_tell(struct execution *x);

#endif
