package tuya

import (
	"strings"
	"testing"

	"github.com/hub2mqtt/hub2mqtt/hubs"
)

func TestSettings(t *testing.T) {
	good := settings{Region: "eu", AccessID: ownID, AccessSecret: ownSecret}
	for name, c := range map[string]struct {
		change func(*settings)
		base   string
		pulsar string
		topic  string
		push   string
	}{
		"region":             {func(*settings) {}, "https://openapi.tuyaeu.com", "wss://mqe.tuyaeu.com:8285", "event", ""},
		"upper case":         {func(s *settings) { s.Region = " EU " }, "https://openapi.tuyaeu.com", "wss://mqe.tuyaeu.com:8285", "event", ""},
		"alias":              {func(s *settings) { s.Region = "az" }, "https://openapi.tuyaus.com", "wss://mqe.tuyaus.com:8285", "event", ""},
		"no known push":      {func(s *settings) { s.Region = "sg" }, "https://openapi-sg.iotbing.com", "", "event", ""},
		"address":            {func(s *settings) { s.Region, s.URL = "", "https://Proxy.example:8443/" }, "https://proxy.example:8443", "", "event", ""},
		"address of a known": {func(s *settings) { s.Region, s.URL = "", "https://openapi.tuyain.com" }, "https://openapi.tuyain.com", "wss://mqe.tuyain.com:8285", "event", ""},
		"address and region": {func(s *settings) { s.URL = "https://proxy.example" }, "https://proxy.example", "wss://mqe.tuyaeu.com:8285", "event", ""},
		"push":               {func(s *settings) { s.PushURL, s.PushEnv, s.Push = "wss://q.example:1/", "test", "pulsar" }, "https://openapi.tuyaeu.com", "wss://q.example:1", "event-test", "pulsar"},
		"push over HTTP":     {func(s *settings) { s.PushURL = "https://q.example:1" }, "https://openapi.tuyaeu.com", "wss://q.example:1", "event", ""},
		"auto":               {func(s *settings) { s.Push, s.PushEnv = "auto", "prod" }, "https://openapi.tuyaeu.com", "wss://mqe.tuyaeu.com:8285", "event", ""},
	} {
		s := good
		c.change(&s)
		got, err := s.check()
		if err != nil || got.base != c.base || got.pulsar != c.pulsar || got.topic != c.topic || got.push != c.push {
			t.Errorf("%s: want %+v, got %+v and %v", name, c, got, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*settings)
		want   string
	}{
		"nothing":           {func(s *settings) { *s = settings{} }, "REGION ACCESS_ID ACCESS_SECRET URL"},
		"no such region":    {func(s *settings) { s.Region = "mars" }, "REGION eu-w"},
		"address with path": {func(s *settings) { s.URL = "https://h/v1.0" }, "URL"},
		"address with user": {func(s *settings) { s.URL = "https://u:" + ownSecret + "@h" }, "URL"},
		"no address":        {func(s *settings) { s.URL = "ftp://" + ownSecret }, "URL"},
		"push address":      {func(s *settings) { s.PushURL = "mqtts://h" }, "PUSH_URL wss://"},
		"environment":       {func(s *settings) { s.PushEnv = "staging" }, "PUSH_ENV prod"},
		"blank in secret":   {func(s *settings) { s.AccessSecret = ownSecret[:9] + " " + ownSecret[9:] }, "ACCESS_SECRET"},
		"umlaut in id":      {func(s *settings) { s.AccessID = "ä" + ownID }, "ACCESS_ID"},
		"uid":               {func(s *settings) { s.UID = "a b" }, "UID"},
	} {
		s := good
		c.change(&s)
		_, err := s.check()
		if err == nil {
			t.Errorf("%s: no fault", name)
			continue
		}
		for word := range strings.FieldsSeq(c.want) {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: want %q in %q", name, word, err)
			}
		}
		if strings.Contains(err.Error(), ownSecret) || strings.Contains(err.Error(), ownID) {
			t.Errorf("%s: a value in %q", name, err)
		}
	}
}

func TestOpenWithoutSettings(t *testing.T) {
	_, err := Vendor().Open(&env{vars: map[string]string{}}, hubs.Deps{Name: "x"})
	if err == nil {
		t.Fatal("opens without settings")
	}
}
