//go:build npm

package tuyatest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// connector drives the data centre with the vendor's own client. What it prints is one
// JSON object.
const connector = `
const { TuyaContext } = require(process.argv[1]);
const [url, accessKey, secretKey, uid, plug, bulb] = process.argv.slice(2);
const tuya = new TuyaContext({ baseUrl: url, accessKey, secretKey });
const get = (path, query) => tuya.request({ method: 'GET', path, ...(query ? { query } : {}) });
const post = (path, body) => tuya.request({ method: 'POST', path, body });
(async () => {
  const out = {};
  out.login = await tuya.client.init();
  out.list = await get('/v1.0/users/' + uid + '/devices');
  out.pages = [];
  let key = '', more = true;
  while (more) {
    const r = await get('/v1.0/iot-01/associated-users/devices', key ? { size: 20, last_row_key: key } : { size: 20 });
    out.pages.push(r);
    more = r.success && r.result.has_more;
    key = r.success && r.result.last_row_key;
  }
  out.detail = await tuya.device.detail({ device_id: plug });
  out.specification = await tuya.deviceFunction.specification({ device_id: plug });
  out.statuses = await get('/v1.0/iot-03/devices/status', { device_ids: plug + ',' + bulb });
  out.command = await post('/v1.0/iot-03/devices/' + plug + '/commands', { commands: [{ code: 'switch_1', value: false }] });
  out.commands = await post('/v1.0/iot-03/devices/' + bulb + '/commands', { commands: [{ code: 'work_mode', value: 'colour' }, { code: 'colour_data_v2', value: { h: 9, s: 8, v: 7 } }] });
  out.refused = await post('/v1.0/iot-03/devices/' + plug + '/commands', { commands: [{ code: 'nothing', value: 1 }] });
  await tuya.client.store.setTokens({ access_token: 'f'.repeat(32), refresh_token: (await tuya.client.store.getRefreshToken()) });
  out.afterDeath = await get('/v1.0/devices/' + plug);
  console.log(JSON.stringify(out));
})().catch((e) => { console.error(String(e && e.stack || e)); process.exit(1); });
`

// TestVendorsClient needs node, and in TUYA_CONNECTOR the folder of
// @tuya/tuya-connector-nodejs. That client signs its refresh in the legacy way, so that a
// project made since 2021-06-30 refuses it and the client gets a new token instead.
func TestVendorsClient(t *testing.T) {
	folder := os.Getenv("TUYA_CONNECTOR")
	if folder == "" {
		t.Skip("TUYA_CONNECTOR does not name the folder of @tuya/tuya-connector-nodejs")
	}
	for _, legacy := range []bool{false, true} {
		b := newBench(t, Options{Projects: []Project{{AccessID: AccessID, AccessSecret: AccessSecret, Legacy: legacy}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "node", "-e", connector, folder, b.url, AccessID, AccessSecret, DefaultUID, Plug, Bulb)
		cmd.Stderr = os.Stderr
		raw, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		var pages []struct {
			Result struct {
				Devices []listed `json:"devices"`
			} `json:"result"`
		}
		var all []listed
		if err := json.Unmarshal(got["pages"], &pages); err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			all = append(all, p.Result.Devices...)
		}
		if diff := cmp.Diff(expected(every), ids(all)); diff != "" || len(pages) != 3 {
			t.Errorf("%d pages (-want +got):\n%s", len(pages), diff)
		}
		b.has(Plug, "switch_1", "false")
		b.has(Bulb, "colour_data_v2", `{"h":9,"s":8,"v":7}`)
		var after reply
		if err := json.Unmarshal(got["afterDeath"], &after); err != nil || !after.Success {
			t.Errorf("want the client to recover from a dead token, got %s", got["afterDeath"])
		}
		n := b.Counters()
		if want := map[bool]int{false: 2, true: 1}[legacy]; n.Grants != want || n.Refreshes != 1-want/2 || n.ByCode[codeUnsupported] != 1 {
			t.Errorf("legacy %v: want %d grants, got %+v", legacy, want, n)
		}
	}
}
