package aqaratest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The codes of the envelope that the documentation names.
const (
	codeParse    = 1000
	codeParam    = 400
	codeToken    = 401
	codeScope    = 403
	codeNotFound = 404
	codeOffline  = 1103
	codeNoDevice = 2030
)

// unknownID is the msgId of answers to messages that could not be read.
const unknownID = "UNKNOWN"

// answer is what an operation gives, before the options decide how it looks.
type answer struct {
	status  int
	kind    string // empty: the request's name, ending in Response
	msgID   string // empty: the request's
	code    int
	message any
	data    any // nil: an empty shape
	failed  []itemFailure
	partial bool // failed is the data, even if it is empty
	refused string
}

// itemFailure is one item of a batch that did not work.
type itemFailure struct {
	Device   string `json:"deviceId"`
	Endpoint int    `json:"endpointId"`
	Function string `json:"functionCode"`
	Trait    string `json:"traitCode,omitempty"`
	Command  string `json:"commandCode,omitempty"`
	Code     int    `json:"code"`
	Message  string `json:"message"`
}

func done(data any) answer {
	return answer{status: http.StatusOK, data: data}
}

func refusal(status, code int, text string) answer {
	return answer{status: status, kind: "ErrorMessage", code: code, message: text, refused: text}
}

// unreadable is the answer to a message that does not parse.
func unreadable(text string) answer {
	a := refusal(http.StatusBadRequest, codeParse, "Message parse failed: "+text)
	a.msgID = unknownID
	return a
}

// badParam is the answer to a message that parses but asks for what is not allowed.
func badParam(format string, args ...any) answer {
	return refusal(http.StatusBadRequest, codeParam, fmt.Sprintf(format, args...))
}

// badRequest is unreadable in the typed envelope, a parameter error elsewhere.
func badRequest(q *request, text string) answer {
	if q.typed {
		return unreadable(text)
	}
	return badParam("%s", text)
}

func (s *Studio) tokenRefused(q *request, why string) answer {
	a := refusal(http.StatusUnauthorized, s.opts.ExpiredCode, "Token expired. Please generate a new token")
	a.refused = why
	if q.typed {
		a.msgID = unknownID
	}
	return a
}

// batch is the answer to a command for many items of which some may have failed.
func batch(items int, failed []itemFailure) answer {
	a := answer{status: http.StatusOK, message: "success", failed: failed, partial: true}
	if items > 0 && len(failed) == items {
		a.status, a.code, a.message = http.StatusBadRequest, failed[0].Code, failed[0].Message
	}
	for _, f := range failed {
		a.refused = strings.TrimPrefix(fmt.Sprintf("%s; %s/%d/%s/%s%s: %s",
			a.refused, f.Device, f.Endpoint, f.Function, f.Trait, f.Command, f.Message), "; ")
	}
	return a
}

type envelope struct {
	Type    string          `json:"type"`
	Version string          `json:"version"`
	MsgID   string          `json:"msgId"`
	Code    int             `json:"code"`
	Message any             `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
	Extra   string          `json:"traceId,omitempty"`
}

// output is a finished HTTP answer.
type output struct {
	status int
	header http.Header
	body   []byte
}

// render turns a into what goes out. It needs the lock.
func (s *Studio) render(q *request, a answer) output {
	e := envelope{Type: a.kind, Version: "v1", MsgID: a.msgID, Code: a.code, Message: a.message}
	if e.Type == "" {
		e.Type = strings.TrimSuffix(q.kind, "Request") + "Response"
	}
	switch {
	case e.MsgID != "":
	case q.typed:
		e.MsgID = cmp.Or(q.msgID, unknownID)
	default:
		e.MsgID = s.nextID(q.now)
	}
	if s.opts.UnknownKeys {
		e.Extra = "d41d8cd98f00b204"
	}
	e.Data = s.data(a)
	q.call.Code, q.call.Refused = a.code, a.refused
	body, err := json.Marshal(e)
	if err != nil {
		panic("aqaratest: " + err.Error()) // only a value of the home that JSON cannot hold
	}
	return output{status: s.status(q, a), header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

func (s *Studio) data(a answer) json.RawMessage {
	var v any
	switch {
	case a.kind == "ErrorMessage":
		return json.RawMessage("null")
	case a.partial && len(a.failed) == 0:
		return s.empty(true)
	case a.partial:
		v = a.failed
	case a.data == nil:
		return s.empty(false)
	default:
		v = a.data
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic("aqaratest: " + err.Error())
	}
	if string(raw) == "[]" {
		return s.empty(false)
	}
	return raw
}

func (s *Studio) empty(failures bool) json.RawMessage {
	switch s.opts.Empty {
	case EmptyNull:
		return json.RawMessage("null")
	case EmptyText:
		return json.RawMessage(`""`)
	case EmptyMissing:
		return nil
	case EmptyObject:
		if failures {
			return json.RawMessage("[{}]")
		}
	case EmptyList:
	}
	return json.RawMessage("[]")
}

func (s *Studio) status(q *request, a answer) int {
	if !q.typed {
		return a.status
	}
	switch s.opts.FailureStatus {
	case Failure200:
		return http.StatusOK
	case Failure4xx:
		return a.status
	case FailureMixed:
	}
	if a.status == http.StatusBadRequest {
		return http.StatusOK
	}
	return a.status
}

// nextID makes a msgId as the server does: the time, made unique.
func (s *Studio) nextID(now time.Time) string {
	s.lastID = max(s.lastID+1, now.UnixMilli())
	return strconv.FormatInt(s.lastID, 10)
}
