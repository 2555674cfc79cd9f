package tuya

// Why data points are left out.
const (
	whySecret = "keys and passwords of the device: nothing that belongs on a broker"
	whyObject = "an object that only the maker's app can make, and that is never reported"
	whyStream = "bytes between the maker's app and the device: maps, pictures, sounds"
)

// omitted are the data points that are not shown, by code.
var omitted = words(map[string]string{
	whySecret: `unlock_method_create unlock_method_delete unlock_method_modify temporary_password_creat temporary_password_create
		temporary_password_delete temporary_password_modify remote_no_dp_key remote_no_pd_setkey remote_pd_setkey_check
		ble_unlock_check check_code_set password_offline_time unlock_offline_clear unlock_offline_clear_single unlock_offline_pd
		synch_method synch_member lock_record unlock_record_check unlock_double_kit unlock_request bluetooth_unlock
		onvif_change_pwd avs_client_secret avs_authcode avs_codechallenge avs_clientid avs_productid avs_serianumber
		avs_redirecturl message_report machine_password client_id`,
	whyStream: `path_data command_trans map_config device_info voice_data movement_detect_pic initiative_message debug_data
		ir_send ir_study_code study_code ir_code key_code key_code2 key_code3 key_code4 decibel_upload ai_fr_switch_pic
		clean_record factory_data`,
})

// omittedLike are such data points by how their code begins, where they are no plain
// values.
var omittedLike = []struct{ prefix, why string }{
	{"temporary_password", whySecret},
	{"unlock_method", whySecret},
	{"remote_no_", whySecret},
	{"unlock_offline", whySecret},
	{"record_", whyStream},
}
