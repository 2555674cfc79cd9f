package rest

import (
	"context"
	"testing"
)

func TestTape(t *testing.T) {
	Record(context.Background(), "list", 200, []byte(`{}`)) // without a tape: nothing happens
	ctx, tape := WithTape(t.Context())
	for _, body := range []string{`{"a":1}`, `[2]`, `<html>`} {
		Record(ctx, "list", 200, []byte(body))
	}
	got := tape.All()
	for name, want := range map[string]string{
		"list": `{"a":1}`, "list 2": `[2]`, "list 3": `{"status":200,"bytes":6,"problem":"the answer is no JSON"}`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s: want %s, got %s", name, want, got[name])
		}
	}
}
