-- Prints the figures of a run as one line of JSON. No request or response hook: those would cost time per request.
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%.0f,"bytes":%.0f,"micros":%.0f,"p50":%.0f,"p99":%.0f,' ..
    '"connect":%.0f,"read":%.0f,"write":%.0f,"status":%.0f,"timeout":%.0f}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
