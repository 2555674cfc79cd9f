package aqara

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/hubs"
	"github.com/hub2mqtt/hub2mqtt/hubs/internal/rest"
)

// The codes of the envelope that mean something to us. The vendor promises none but
// 0, so that what is not here counts by its HTTP status.
const (
	codeBadRequest  = 400
	codeToken       = 401
	codeScope       = 403
	codeNotFound    = 404
	codeTooMany     = 429
	codeUnreadable  = 1000 // the Studio does not know the message: it is older than that
	codeTokenOld    = 1001
	codeOffline     = 1103
	codeNoDevice    = 2030
	codeServerFirst = 500
	codeServerLast  = 599
)

// The APIs that a token can be limited to, as the Studio lists them.
const (
	apiDevices = "/devices"
	apiSpecs   = "/devices/definitions"
	apiRead    = "/devices/trait/read"
	apiWrite   = "/devices/trait/execute"
	apiSpaces  = "/spaces"

	apiStatistics = "/studio/statistics"
	apiOrders     = "/devices/command/execute"
	apiTriggers   = "/automations/manual-triggers"
	apiTrigger    = "/automations/manual-triggers/execute"
)

// apiOf names the API that a message of the typed envelope belongs to.
func apiOf(kind string) string {
	switch kind {
	case typeSpecs:
		return apiSpecs
	case typeValues:
		return apiRead
	case typeExecute:
		return apiWrite
	case typeSpaces:
		return apiSpaces
	}
	return apiDevices
}

func scopeHint(api string) string {
	return "Allow this token all devices and the API " + api +
		" in the Studio, under Developer > Data Export API > API Configuration."
}

// tokens gives calls and streams their rights.
type tokens interface {
	Do(ctx context.Context, call func(context.Context, auth.Token) error) error
	Token(ctx context.Context) (auth.Token, error)
	Changed() <-chan struct{}
}

// client makes the calls of both generations of the API.
type client struct {
	rest   *rest.Client
	http   http.RoundTripper // for the WebSocket
	tokens tokens
	base   string
	// prefix and count make message ids: the Studio may want them unique for longer
	// than this process runs.
	prefix string
	count  atomic.Uint64
}

func newPrefix() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b) + "-"
}

func (c *client) msgID() string { return c.prefix + strconv.FormatUint(c.count.Add(1), 36) }

// query asks for something and gives the data of the answer.
func (c *client) query(ctx context.Context, name, kind string, data any) (json.RawMessage, error) {
	var out json.RawMessage
	err := c.call(ctx, name, kind, data, func(_ int, _ http.Header, e envelope) error {
		out = e.Data
		return nil
	})
	return out, err
}

// execute sends values. Code 0 means that at least one of them was taken: the others
// stand in the data.
func (c *client) execute(ctx context.Context, items []writeItem) error {
	return c.call(ctx, "command", typeExecute, items, func(_ int, _ http.Header, e envelope) error {
		return itemFault(e)
	})
}

// call sends one message of the typed envelope. took sees an answer that went well; its
// error is the call's.
func (c *client) call(
	ctx context.Context, name, kind string, data any, took func(int, http.Header, envelope) error,
) error {
	return c.do(ctx, apiOf(kind), func() rest.Call {
		return rest.Call{
			Name: name, URL: c.base + basePath,
			Body: request{Type: kind, Version: "v1", MsgID: c.msgID(), Data: data},
		}
	}, took)
}

// restCall makes one call of generation B, with a body if there is one, and gives the data of
// the answer.
func (c *client) restCall(ctx context.Context, name, api string, query url.Values, body any) (json.RawMessage, error) {
	var out json.RawMessage
	address := c.base + basePath + api
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	err := c.do(ctx, api, func() rest.Call { return rest.Call{Name: name, URL: address, Body: body} },
		func(_ int, _ http.Header, e envelope) error {
			out = e.Data
			return itemFault(e)
		})
	return out, err
}

func (c *client) do(
	ctx context.Context, api string, build func() rest.Call, took func(int, http.Header, envelope) error,
) error {
	return c.tokens.Do(ctx, func(ctx context.Context, t auth.Token) error {
		call := build()
		call.Header = http.Header{"Authorization": {"Bearer " + t.Access.Reveal()}}
		call.Classify = func(status int, header http.Header, body []byte) error {
			rest.Record(ctx, call.Name, status, body)
			e, ok := parseEnvelope(body, t)
			if !ok {
				return noEnvelope(status)
			}
			if err := classify(status, header, e); err != nil {
				return hinted(err, api)
			}
			return took(status, header, e)
		}
		return c.rest.Do(ctx, call)
	})
}

var (
	errNoEnvelope = errors.New("answered something that Aqara Studio does not")
	errItem       = errors.New("refused") // by an item of a call, not by the call
)

// noEnvelope is about answers of something else than the Studio's API.
func noEnvelope(status int) error {
	switch {
	case status/100 == 2:
		e := rest.Garbage("")
		e.Err = errNoEnvelope
		return e
	case status == http.StatusNotFound:
		e := rest.Fail(hubs.Misconfigured, "404", "answered 404")
		e.Hint = "Is this the address of Aqara Studio, and is the Data Export API switched on there?"
		return e
	}
	return nil // the status says it all
}

// classify says what an envelope means; nil: all is well, or the status decides.
func classify(status int, header http.Header, e envelope) error {
	code := e.Code.Whole()
	text := strconv.Itoa(code)
	answered := "answered " + text
	switch {
	case code == 0:
		return nil
	case code == codeToken, code == codeTokenOld, status == http.StatusUnauthorized:
		return rest.Rejected(text)
	case itemFault(e) != nil: // a device that may not be used is not an API that may not
		return itemFault(e)
	case code == codeScope:
		return rest.Fail(hubs.Misconfigured, text, "does not allow this token to do that")
	case code == codeTooMany, status == http.StatusTooManyRequests:
		return rest.Limited(text, header)
	case code >= codeServerFirst && code <= codeServerLast:
		err := rest.Fail(hubs.Transient, text, answered)
		err.After = rest.RetryAfter(header)
		return err
	}
	if fault, ok := faultOf(code); ok {
		return rest.Fail(fault, text, answered+e.says(e.Message))
	}
	if status/100 != 2 {
		return nil
	}
	return rest.Fail(hubs.Refused, text, answered+e.says(e.Message))
}

// hinted says which API a token lacks, where that is the trouble.
func hinted(err error, api string) error {
	if e, ok := errors.AsType[*hubs.Error](err); ok && e.Fault == hubs.Misconfigured && e.Hint == "" {
		e.Hint = scopeHint(api)
	}
	return err
}

// faultOf knows the codes of calls and of single items.
func faultOf(code int) (hubs.Fault, bool) {
	switch code {
	case codeOffline:
		return hubs.Offline, true
	case codeNoDevice:
		return hubs.UnknownDevice, true
	case codeBadRequest, codeNotFound, codeUnreadable:
		return hubs.Refused, true
	}
	return hubs.Bug, false
}

// itemFault gives the first item that did not work.
func itemFault(e envelope) error {
	failed := decodeFailures(e.Data)
	if len(failed) == 0 {
		return nil
	}
	code := failed[0].Code.Whole()
	fault, known := faultOf(code)
	if !known {
		fault = hubs.Refused
	}
	err := rest.Fail(fault, strconv.Itoa(code), "")
	err.Err = fmt.Errorf("%w%s", errItem, e.says(failed[0].Message))
	return err
}

// says quotes the Studio in a short sentence, without what it quotes of us.
func (e *envelope) says(message text) string { return rest.Says(string(message), e.sent...) }
