package tuyatest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxLog is how many reports are remembered.
const maxLog = 20_000

// logEntry is one report that a device made.
type logEntry struct {
	at     time.Time
	device string
	code   string
	value  any
}

func (c *Cloud) statusRoutes() []route {
	get := func(path, op string, f func(*request) answer) route {
		return route{http.MethodGet, path, op, IoTCore, f}
	}
	return []route{
		get("/v1.0/iot-03/devices/status", OpStatuses, c.statuses),
		get("/v1.0/devices/status", OpStatuses, c.statuses),
		get("/v1.0/iot-03/devices/{device}/status", OpStatus, c.status),
		get("/v1.0/devices/{device}/status", OpStatus, c.status),
		get("/v2.1/cloud/thing/{device}/report-logs", OpReports, c.reports),
	}
}

func (c *Cloud) status(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	if a, fine := q.modelled(d); !fine {
		return a
	}
	return ok(c.statusOf(q, d))
}

// statuses has no word about who is online.
func (c *Cloud) statuses(q *request) answer {
	found, a := c.named(q, maxIDs)
	if a.code != 0 {
		return a
	}
	out := []any{}
	for _, d := range found {
		out = append(out, map[string]any{"id": d.ID, "status": c.statusOf(q, d)})
	}
	return ok(out)
}

// reports is the history of what a device reported, newest first.
func (c *Cloud) reports(q *request) answer {
	d, a := c.deviceOf(q)
	if a.code != 0 {
		return a
	}
	from, err1 := strconv.ParseInt(q.query.Get("start_time"), 10, 64)
	until, err2 := strconv.ParseInt(q.query.Get("end_time"), 10, 64)
	size, err3 := strconv.Atoi(cmp.Or(q.query.Get("size"), "20"))
	if err1 != nil || err2 != nil || err3 != nil {
		return refuse(codeType, "start_time, end_time or size is no number")
	}
	if size < 1 || size > 100 || from > until {
		return refuse(codeRange, "size or times out of range")
	}
	codes := strings.Split(q.query.Get("codes"), ",")
	logs := []any{}
	for _, e := range slices.Backward(c.logs) {
		ms := e.at.UnixMilli()
		if e.device != d.ID || ms < from || ms > until || codes[0] != "" && !slices.Contains(codes, e.code) {
			continue
		}
		if len(logs) == size {
			return ok(map[string]any{"device_id": d.ID, "has_more": true, "last_row_key": strconv.FormatInt(ms, 10), "logs": logs})
		}
		logs = append(logs, map[string]any{"code": e.code, "value": textOf(e.value), "event_time": ms})
	}
	return ok(map[string]any{"device_id": d.ID, "has_more": false, "last_row_key": "", "logs": logs})
}

func (c *Cloud) log(e logEntry) {
	c.logs = append(c.logs, e)
	if len(c.logs) > 2*maxLog {
		c.logs = slices.Clone(c.logs[maxLog:])
	}
}

// textOf writes a value as text.
func textOf(v any) string {
	if s, isText := v.(string); isText {
		return s
	}
	return string(mustJSON(v))
}
