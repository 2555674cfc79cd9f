package anon

// The words that keys end with, in singular, and what stands under them.
var (
	// secretWords make a secret of what stands under a key, wherever they are in it.
	secretWords = set("token secret password passwd passphrase pwd psk pin cookie authorization credential signature sign ticket session")
	// secretPairs do so as the last two words of a key, or written together.
	secretPairs = set("localkey accesskey apikey privatekey secretkey authcode accesscode passcode authkey appkey")

	identWords = set("id uid uuid guid udid did sn serial imei iccid eui eui64 ieee openid account login fingerprint")
	identPairs = set("serialnumber")

	addressWords = set("ip ipv4 ipv6 url uri href link host hostname mac bssid email mail phone mobile domain server")

	placeWords = set("lat latitude lon lng longitude altitude coordinate geo geofence location timezone")

	nameWords = set("name nickname title label alias caption description desc note comment remark ssid street city district " +
		"province country zip postcode address user username owner member person contact creator author by room area zone space " +
		"home house family site building floor group scene tag")

	codeWords = set("code type kind mode status state category class key capability trait function attribute property " +
		"platform protocol format method level dp schema severity phase role direction access")

	// productWords are about what is sold, and what it runs.
	productWords = set("model vendor manufacturer brand maker product firmware hardware software version revision unit release")

	// structural words before "id", "name" and the like make them the vendor's: a
	// product_id is no id of anybody's home.
	structural = set("product category model endpoint capability component function trait class type template schema standard " +
		"manufacturer vendor maker brand driver app unit icon preset attribute property command event parameter")

	// fillers at the end of a key say nothing.
	fillers = set("value string str text list array dynamic")

	// labels are the keys whose value names what stands under "value" beside them.
	labels = []string{"traitCode", "fieldCode", "code", "dpCode", "attribute", "property", "capability", "key"}
)
