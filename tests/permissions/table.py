"""Who gets what. Columns: nobody signed in; a visitor who has entered a public link's password; a stranger; viewer and
editor by a share; the team's viewer, editor and owner; two who were owners of the team: one has left it, the other was
removed and also had a share, a public link, a saved search and an invitation; staff of the site. A single figure is
everybody's.

Objects: "active" belongs to the team and is shared; "trashed" is the same in the trash; "foreign" belongs to people
unknown to all of them; "deleted" was never there or is gone. "other" are the last three, "any" all four. The public
link to what is active asks for a password, the foreign one for none. Requests carry no form data: a 400 is that of an
empty form to somebody who may send it.
"""

TABLE = """
address                  object    anon  link strng shr.v shr.e  view  edit owner    ex staff
gallery             GET  -          200   200   200   200   200   200   200   200   200   200
gallery             POST -          405
search              GET  -          302   302   200   200   200   200   200   200   200   200
search              POST -          302   302   405   405   405   405   405   405   405   405
suggestions         GET  -          302   302   200   200   200   200   200   200   200   200
suggestions         POST -          302   302   405   405   405   405   405   405   405   405
search_sheet        GET  -          302
search_sheet        POST -          302   302   405   405   405   405   405   405   405   405
example_add         GET  -          302   302   405   405   405   405   405   405   405   405
example_add         POST -          302
example_thumbnail   GET  active     302   302   404   404   404   404   404   200   404   404
example_thumbnail   GET  trashed    302   302   404   404   404   404   404   200   404   404
example_thumbnail   GET  foreign    302   302   404   404   404   404   404   404   404   404
example_thumbnail   GET  deleted    302   302   404   404   404   404   404   404   404   404
example_thumbnail   POST any        302   302   405   405   405   405   405   405   405   405
upload              GET  -          302   302   200   200   200   200   200   200   200   200
upload              POST -          302   302   400   400   400   400   400   400   400   400
archive_import      GET  active     302   302   404   404   404   404   404   200   404   404
archive_import      GET  trashed    302   302   404   404   404   404   404   200   404   404
archive_import      GET  foreign    302   302   404   404   404   404   404   404   404   404
archive_import      GET  deleted    302   302   404   404   404   404   404   404   404   404
archive_import      POST any        302   302   405   405   405   405   405   405   405   405
collections         GET  -          302   302   200   200   200   200   200   200   200   200
collections         POST -          302   302   405   405   405   405   405   405   405   405
shared              GET  -          302   302   200   200   200   200   200   200   200   200
shared              POST -          302   302   405   405   405   405   405   405   405   405
share_leave         GET  active     302   302   404   200   200   404   404   404   404   404
share_leave         GET  other      302   302   404   404   404   404   404   404   404   404
share_leave         POST active     302   302   404   302   302   404   404   404   404   404
share_leave         POST other      302   302   404   404   404   404   404   404   404   404
collection_create   GET  -          302   302   200   200   200   200   200   200   200   200
collection_create   POST -          302   302   400   400   400   400   400   400   400   400
collection          GET  active     302   302   404   200   200   200   200   200   404   404
collection          GET  other      302   302   404   404   404   404   404   404   404   404
collection          POST any        302   302   405   405   405   405   405   405   405   405
collection_rename   GET  active     302   302   404   403   403   403   200   200   404   404
collection_rename   GET  other      302   302   404   404   404   404   404   404   404   404
collection_rename   POST active     302   302   404   403   403   403   400   400   404   404
collection_rename   POST other      302   302   404   404   404   404   404   404   404   404
collection_cover    GET  active     302   302   404   403   403   403   200   200   404   404
collection_cover    GET  other      302   302   404   404   404   404   404   404   404   404
collection_cover    POST active     302   302   404   403   403   403   302   302   404   404
collection_cover    POST other      302   302   404   404   404   404   404   404   404   404
collection_delete   GET  active     302   302   404   403   403   403   200   200   404   404
collection_delete   GET  other      302   302   404   404   404   404   404   404   404   404
collection_delete   POST active     302   302   404   403   403   403   302   302   404   404
collection_delete   POST other      302   302   404   404   404   404   404   404   404   404
collection_upload   GET  active     302   302   404   403   200   403   200   200   404   404
collection_upload   GET  other      302   302   404   404   404   404   404   404   404   404
collection_upload   POST active     302   302   404   403   400   403   400   400   404   404
collection_upload   POST other      302   302   404   404   404   404   404   404   404   404
collection_sharing  GET  active     302   302   404   403   403   403   403   200   404   404
collection_sharing  GET  other      302   302   404   404   404   404   404   404   404   404
collection_sharing  POST any        302   302   405   405   405   405   405   405   405   405
share_person        GET  any        302   302   405   405   405   405   405   405   405   405
share_person        POST active     302   302   404   403   403   403   403   400   404   404
share_person        POST other      302   302   404   404   404   404   404   404   404   404
share_team          GET  any        302   302   405   405   405   405   405   405   405   405
share_team          POST active     302   302   404   403   403   403   403   400   404   404
share_team          POST other      302   302   404   404   404   404   404   404   404   404
share_role          GET  any        302   302   405   405   405   405   405   405   405   405
share_role          POST active     302   302   404   403   403   403   403   302   404   404
share_role          POST other      302   302   404   404   404   404   404   404   404   404
share_revoke        GET  any        302   302   405   405   405   405   405   405   405   405
share_revoke        POST active     302   302   404   403   403   403   403   302   404   404
share_revoke        POST other      302   302   404   404   404   404   404   404   404   404
link_create         GET  any        302   302   405   405   405   405   405   405   405   405
link_create         POST active     302   302   404   403   403   403   403   302   404   404
link_create         POST other      302   302   404   404   404   404   404   404   404   404
link_edit           GET  active     302   302   404   403   403   403   403   200   404   404
link_edit           GET  other      302   302   404   404   404   404   404   404   404   404
link_edit           POST active     302   302   404   403   403   403   403   302   404   404
link_edit           POST other      302   302   404   404   404   404   404   404   404   404
link_revoke         GET  any        302   302   405   405   405   405   405   405   405   405
link_revoke         POST active     302   302   404   403   403   403   403   302   404   404
link_revoke         POST other      302   302   404   404   404   404   404   404   404   404
guest_links         GET  active     302   302   404   403   403   403   403   200   404   404
guest_links         GET  other      302   302   404   404   404   404   404   404   404   404
guest_links         POST active     302   302   404   403   403   403   403   400   404   404
guest_links         POST other      302   302   404   404   404   404   404   404   404   404
guest_revoke        GET  any        302   302   405   405   405   405   405   405   405   405
guest_revoke        POST active     302   302   404   403   403   403   403   302   404   404
guest_revoke        POST other      302   302   404   404   404   404   404   404   404   404
guest_waiting       GET  active     302   302   404   403   200   403   200   200   404   404
guest_waiting       GET  other      302   302   404   404   404   404   404   404   404   404
guest_waiting       POST active     302   302   404   403   302   403   302   302   404   404
guest_waiting       POST other      302   302   404   404   404   404   404   404   404   404
guest_thumbnail     GET  active     302   302   404   403   200   403   200   200   404   404
guest_thumbnail     GET  other      302   302   404   404   404   404   404   404   404   404
guest_thumbnail     POST any        302   302   405   405   405   405   405   405   405   405
guest_upload        GET  active     200
guest_upload        GET  trashed    404
guest_upload        GET  foreign    200
guest_upload        GET  deleted    404
guest_upload        POST active     400
guest_upload        POST trashed    404
guest_upload        POST foreign    400
guest_upload        POST deleted    404
team_list           GET  -          302   302   200   200   200   200   200   200   200   200
team_list           POST -          302   302   400   400   400   400   400   400   400   400
team                GET  active     302   302   404   404   404   200   200   200   404   404
team                GET  trashed    302   302   404   404   404   200   200   200   404   404
team                GET  foreign    302   302   404   404   404   404   404   404   404   404
team                GET  deleted    302   302   404   404   404   404   404   404   404   404
team                POST any        302   302   405   405   405   405   405   405   405   405
team_activity       GET  active     302   302   404   404   404   403   403   200   404   404
team_activity       GET  trashed    302   302   404   404   404   403   403   200   404   404
team_activity       GET  foreign    302   302   404   404   404   404   404   404   404   404
team_activity       GET  deleted    302   302   404   404   404   404   404   404   404   404
team_activity       POST any        302   302   405   405   405   405   405   405   405   405
team_rename         GET  active     302   302   404   404   404   403   403   200   404   404
team_rename         GET  trashed    302   302   404   404   404   403   403   200   404   404
team_rename         GET  foreign    302   302   404   404   404   404   404   404   404   404
team_rename         GET  deleted    302   302   404   404   404   404   404   404   404   404
team_rename         POST active     302   302   404   404   404   403   403   400   404   404
team_rename         POST trashed    302   302   404   404   404   403   403   400   404   404
team_rename         POST foreign    302   302   404   404   404   404   404   404   404   404
team_rename         POST deleted    302   302   404   404   404   404   404   404   404   404
team_delete         GET  active     302   302   404   404   404   403   403   200   404   404
team_delete         GET  trashed    302   302   404   404   404   403   403   200   404   404
team_delete         GET  foreign    302   302   404   404   404   404   404   404   404   404
team_delete         GET  deleted    302   302   404   404   404   404   404   404   404   404
team_delete         POST active     302   302   404   404   404   403   403   400   404   404
team_delete         POST trashed    302   302   404   404   404   403   403   400   404   404
team_delete         POST foreign    302   302   404   404   404   404   404   404   404   404
team_delete         POST deleted    302   302   404   404   404   404   404   404   404   404
export_part         GET  active     302   302   404   404   404   403   403   200   404   404
export_part         GET  trashed    302   302   404   404   404   403   403   404   404   404
export_part         GET  foreign    302   302   404   404   404   404   404   404   404   404
export_part         GET  deleted    302   302   404   404   404   404   404   404   404   404
export_part         POST any        302   302   405   405   405   405   405   405   405   405
export_notice_answer GET  any        302   302   405   405   405   405   405   405   405   405
export_notice_answer POST active     302   302   404   404   404   404   404   302   404   404
export_notice_answer POST trashed    302   302   404   404   404   404   404   404   404   404
export_notice_answer POST foreign    302   302   404   404   404   404   404   404   404   404
export_notice_answer POST deleted    302   302   404   404   404   404   404   404   404   404
team_export         GET  active     302   302   404   404   404   403   403   200   404   404
team_export         GET  trashed    302   302   404   404   404   403   403   200   404   404
team_export         GET  foreign    302   302   404   404   404   404   404   404   404   404
team_export         GET  deleted    302   302   404   404   404   404   404   404   404   404
team_export         POST active     302   302   404   404   404   403   403   302   404   404
team_export         POST trashed    302   302   404   404   404   403   403   302   404   404
team_export         POST foreign    302   302   404   404   404   404   404   404   404   404
team_export         POST deleted    302   302   404   404   404   404   404   404   404   404
export_delete       GET  any        302   302   405   405   405   405   405   405   405   405
export_delete       POST active     302   302   404   404   404   403   403   302   404   404
export_delete       POST trashed    302   302   404   404   404   403   403   302   404   404
export_delete       POST foreign    302   302   404   404   404   404   404   404   404   404
export_delete       POST deleted    302   302   404   404   404   404   404   404   404   404
team_leave          GET  active     302   302   404   404   404   200   200   302   404   404
team_leave          GET  trashed    302   302   404   404   404   200   200   302   404   404
team_leave          GET  foreign    302   302   404   404   404   404   404   404   404   404
team_leave          GET  deleted    302   302   404   404   404   404   404   404   404   404
team_leave          POST active     302   302   404   404   404   302   302   302   404   404
team_leave          POST trashed    302   302   404   404   404   302   302   302   404   404
team_leave          POST foreign    302   302   404   404   404   404   404   404   404   404
team_leave          POST deleted    302   302   404   404   404   404   404   404   404   404
team_invite         GET  any        302   302   405   405   405   405   405   405   405   405
team_invite         POST active     302   302   404   404   404   403   403   400   404   404
team_invite         POST trashed    302   302   404   404   404   403   403   400   404   404
team_invite         POST foreign    302   302   404   404   404   404   404   404   404   404
team_invite         POST deleted    302   302   404   404   404   404   404   404   404   404
member_role         GET  any        302   302   405   405   405   405   405   405   405   405
member_role         POST active     302   302   404   404   404   403   403   302   404   404
member_role         POST trashed    302   302   404   404   404   403   403   302   404   404
member_role         POST foreign    302   302   404   404   404   404   404   404   404   404
member_role         POST deleted    302   302   404   404   404   404   404   404   404   404
member_remove       GET  active     302   302   404   404   404   403   403   302   404   404
member_remove       GET  trashed    302   302   404   404   404   403   403   302   404   404
member_remove       GET  foreign    302   302   404   404   404   404   404   404   404   404
member_remove       GET  deleted    302   302   404   404   404   404   404   404   404   404
member_remove       POST active     302   302   404   404   404   403   403   302   404   404
member_remove       POST trashed    302   302   404   404   404   403   403   302   404   404
member_remove       POST foreign    302   302   404   404   404   404   404   404   404   404
member_remove       POST deleted    302   302   404   404   404   404   404   404   404   404
member_grants       GET  active     302   302   404   404   404   403   403   200   404   404
member_grants       GET  trashed    302   302   404   404   404   403   403   200   404   404
member_grants       GET  foreign    302   302   404   404   404   404   404   404   404   404
member_grants       GET  deleted    302   302   404   404   404   404   404   404   404   404
member_grants       POST active     302   302   404   404   404   403   403   302   404   404
member_grants       POST trashed    302   302   404   404   404   403   403   302   404   404
member_grants       POST foreign    302   302   404   404   404   404   404   404   404   404
member_grants       POST deleted    302   302   404   404   404   404   404   404   404   404
duplicates          GET  -          302   302   200   200   200   200   200   200   200   200
duplicates          POST -          302   302   405   405   405   405   405   405   405   405
team_duplicates     GET  active     302   302   404   404   404   200   200   200   404   404
team_duplicates     GET  trashed    302   302   404   404   404   200   200   200   404   404
team_duplicates     GET  foreign    302   302   404   404   404   404   404   404   404   404
team_duplicates     GET  deleted    302   302   404   404   404   404   404   404   404   404
team_duplicates     POST any        302   302   405   405   405   405   405   405   405   405
duplicates_trash    GET  any        302   302   405   405   405   405   405   405   405   405
duplicates_trash    POST active     302   302   404   404   404   302   302   302   404   404
duplicates_trash    POST trashed    302   302   404   404   404   302   302   302   404   404
duplicates_trash    POST foreign    302   302   404   404   404   404   404   404   404   404
duplicates_trash    POST deleted    302   302   404   404   404   404   404   404   404   404
duplicates_different GET  any        302   302   405   405   405   405   405   405   405   405
duplicates_different POST active     302   302   404   404   404   403   302   302   404   404
duplicates_different POST trashed    302   302   404   404   404   403   302   302   404   404
duplicates_different POST foreign    302   302   404   404   404   404   404   404   404   404
duplicates_different POST deleted    302   302   404   404   404   404   404   404   404   404
invitation_revoke   GET  any        302   302   405   405   405   405   405   405   405   405
invitation_revoke   POST active     302   302   404   403   403   403   403   302   404   404
invitation_revoke   POST other      302   302   404   404   404   404   404   404   404   404
invitation_answer   GET  any        302   302   405   405   405   405   405   405   405   405
invitation_answer   POST any        302   302   404   404   404   404   404   404   404   404
share_notice_answer GET  any        302   302   405   405   405   405   405   405   405   405
share_notice_answer POST active     302   302   404   302   404   404   404   404   404   404
share_notice_answer POST other      302   302   404   404   404   404   404   404   404   404
invitation          GET  active     200
invitation          GET  trashed    404
invitation          GET  foreign    200
invitation          GET  deleted    404
invitation          POST active     200   200   404   404   404   404   404   404   404   404
invitation          POST trashed    404
invitation          POST foreign    200   200   404   404   404   404   404   404   404   404
invitation          POST deleted    404
trash               GET  -          302   302   200   200   200   200   200   200   200   200
trash               POST -          302   302   405   405   405   405   405   405   405   405
trash_thumbnail     GET  active     302   302   404   404   404   404   404   404   404   404
trash_thumbnail     GET  trashed    302   302   404   404   200   404   200   200   404   404
trash_thumbnail     GET  foreign    302   302   404   404   404   404   404   404   404   404
trash_thumbnail     GET  deleted    302   302   404   404   404   404   404   404   404   404
trash_thumbnail     POST any        302   302   405   405   405   405   405   405   405   405
trash_restore       GET  -          302   302   405   405   405   405   405   405   405   405
trash_restore       POST -          302
trash_purge         GET  -          302   302   405   405   405   405   405   405   405   405
trash_purge         POST -          302
public_link         GET  active     302   200   302   302   302   302   302   302   302   302
public_link         GET  trashed    404
public_link         GET  foreign    200
public_link         GET  deleted    404
public_link         POST any        405
public_password     GET  active     200
public_password     GET  trashed    404
public_password     GET  foreign    200
public_password     GET  deleted    404
public_password     POST active     400
public_password     POST trashed    404
public_password     POST foreign    400
public_password     POST deleted    404
public_search       GET  active     302
public_search       GET  trashed    404
public_search       GET  foreign    302
public_search       GET  deleted    404
public_search       POST any        405
public_collection   GET  active     302   200   302   302   302   302   302   302   302   302
public_collection   GET  trashed    404
public_collection   GET  foreign    200
public_collection   GET  deleted    404
public_collection   POST any        405
public_image        GET  active     302   200   302   302   302   302   302   302   302   302
public_image        GET  trashed    404
public_image        GET  foreign    200
public_image        GET  deleted    404
public_image        POST any        405
public_thumbnail    GET  active     302   200   302   302   302   302   302   302   302   302
public_thumbnail    GET  trashed    404
public_thumbnail    GET  foreign    200
public_thumbnail    GET  deleted    404
public_thumbnail    POST any        405
public_preview      GET  active     302   200   302   302   302   302   302   302   302   302
public_preview      GET  trashed    404
public_preview      GET  foreign    200
public_preview      GET  deleted    404
public_preview      POST any        405
public_download     GET  active     302   200   302   302   302   302   302   302   302   302
public_download     GET  trashed    404
public_download     GET  foreign    200
public_download     GET  deleted    404
public_download     POST any        405
image               GET  active     302   302   404   200   200   200   200   200   404   404
image               GET  other      302   302   404   404   404   404   404   404   404   404
image               POST any        302   302   405   405   405   405   405   405   405   405
image_favourite     GET  any        302   302   405   405   405   405   405   405   405   405
image_favourite     POST active     302   302   404   400   400   400   400   400   404   404
image_favourite     POST other      302   302   404   404   404   404   404   404   404   404
image_edit          GET  active     302   302   404   403   200   403   200   200   404   404
image_edit          GET  other      302   302   404   404   404   404   404   404   404   404
image_edit          POST active     302   302   404   403   302   403   302   302   404   404
image_edit          POST other      302   302   404   404   404   404   404   404   404   404
image_delete        GET  active     302   302   404   403   200   403   200   200   404   404
image_delete        GET  other      302   302   404   404   404   404   404   404   404   404
image_delete        POST active     302   302   404   403   302   403   302   302   404   404
image_delete        POST other      302   302   404   404   404   404   404   404   404   404
image_similar       GET  active     302   302   404   200   200   200   200   200   404   404
image_similar       GET  other      302   302   404   404   404   404   404   404   404   404
image_similar       POST any        302   302   405   405   405   405   405   405   405   405
image_file          GET  active     302   302   404   200   200   200   200   200   404   404
image_file          GET  other      302   302   404   404   404   404   404   404   404   404
image_file          POST any        302   302   405   405   405   405   405   405   405   405
image_download      GET  active     302   302   404   200   200   200   200   200   404   404
image_download      GET  other      302   302   404   404   404   404   404   404   404   404
image_download      POST any        302   302   405   405   405   405   405   405   405   405
image_thumbnail     GET  active     302   302   404   200   200   200   200   200   404   404
image_thumbnail     GET  other      302   302   404   404   404   404   404   404   404   404
image_thumbnail     POST any        302   302   405   405   405   405   405   405   405   405
image_preview       GET  active     302   302   404   200   200   200   200   200   404   404
image_preview       GET  other      302   302   404   404   404   404   404   404   404   404
image_preview       POST any        302   302   405   405   405   405   405   405   405   405
indexing_status     GET  -          302   302   200   200   200   200   200   200   200   200
indexing_status     POST -          302   302   405   405   405   405   405   405   405   405
retry_indexing      GET  -          302   302   405   405   405   405   405   405   405   405
retry_indexing      POST -          302
account             GET  -          302   302   200   200   200   200   200   200   200   200
account             POST -          302   302   302   302   302   302   302   302   302   302
account_delete      GET  -          302   302   200   200   200   200   200   200   200   200
account_delete      POST -          302   302   400   400   400   400   400   400   400   400
set_language        GET  -          302
set_language        POST -          302
healthz             GET  -          200
healthz             POST -          405
live                GET  -          200
live                POST -          405
ready               GET  -          200
ready               POST -          405
favourites          GET  -          302   302   200   200   200   200   200   200   200   200
favourites          POST -          302   302   405   405   405   405   405   405   405   405
selection_favourite GET  -          302   302   405   405   405   405   405   405   405   405
selection_favourite POST -          302
selection_trash     GET  -          302   302   405   405   405   405   405   405   405   405
selection_trash     POST -          302
selection_move      GET  -          302   302   405   405   405   405   405   405   405   405
selection_move      POST -          302
selection_targets   GET  -          302   302   200   200   200   200   200   200   200   200
selection_targets   POST -          302   302   405   405   405   405   405   405   405   405
selection_download  GET  -          302   302   405   405   405   405   405   405   405   405
selection_download  POST -          302
selection_date      GET  -          302   302   405   405   405   405   405   405   405   405
selection_date      POST -          302
selection_shift     GET  -          302   302   405   405   405   405   405   405   405   405
selection_shift     POST -          302
selection_undo      GET  -          302   302   405   405   405   405   405   405   405   405
selection_undo      POST -          302
selection_tag       GET  -          302   302   405   405   405   405   405   405   405   405
selection_tag       POST -          302
saved_searches      GET  -          302   302   200   200   200   200   200   200   200   200
saved_searches      POST -          302   302   405   405   405   405   405   405   405   405
search_save         GET  -          302   302   405   405   405   405   405   405   405   405
search_save         POST -          302   302   400   400   400   400   400   400   400   400
recent_clear        GET  -          302   302   405   405   405   405   405   405   405   405
recent_clear        POST -          302
recent_off          GET  -          302   302   405   405   405   405   405   405   405   405
recent_off          POST -          302
recent_on           GET  -          302   302   405   405   405   405   405   405   405   405
recent_on           POST -          302
saved_search        GET  active     302   302   404   404   404   302   302   302   404   404
saved_search        GET  trashed    302   302   404   404   404   302   302   302   404   404
saved_search        GET  foreign    302   302   404   404   404   404   404   404   404   404
saved_search        GET  deleted    302   302   404   404   404   404   404   404   404   404
saved_search        POST any        302   302   405   405   405   405   405   405   405   405
search_new          GET  active     302   302   404   404   404   200   200   200   404   404
search_new          GET  trashed    302   302   404   404   404   200   200   200   404   404
search_new          GET  foreign    302   302   404   404   404   404   404   404   404   404
search_new          GET  deleted    302   302   404   404   404   404   404   404   404   404
search_new          POST any        302   302   405   405   405   405   405   405   405   405
search_rename       GET  active     302   302   404   404   404   403   403   200   404   404
search_rename       GET  trashed    302   302   404   404   404   403   403   200   404   404
search_rename       GET  foreign    302   302   404   404   404   404   404   404   404   404
search_rename       GET  deleted    302   302   404   404   404   404   404   404   404   404
search_rename       POST active     302   302   404   404   404   403   403   400   404   404
search_rename       POST trashed    302   302   404   404   404   403   403   400   404   404
search_rename       POST foreign    302   302   404   404   404   404   404   404   404   404
search_rename       POST deleted    302   302   404   404   404   404   404   404   404   404
search_share        GET  active     302   302   404   404   404   403   403   200   404   404
search_share        GET  trashed    302   302   404   404   404   403   403   200   404   404
search_share        GET  foreign    302   302   404   404   404   404   404   404   404   404
search_share        GET  deleted    302   302   404   404   404   404   404   404   404   404
search_share        POST active     302   302   404   404   404   403   403   400   404   404
search_share        POST trashed    302   302   404   404   404   403   403   400   404   404
search_share        POST foreign    302   302   404   404   404   404   404   404   404   404
search_share        POST deleted    302   302   404   404   404   404   404   404   404   404
search_unshare      GET  any        302   302   405   405   405   405   405   405   405   405
search_unshare      POST active     302   302   404   404   404   403   403   302   404   404
search_unshare      POST trashed    302   302   404   404   404   403   403   302   404   404
search_unshare      POST foreign    302   302   404   404   404   404   404   404   404   404
search_unshare      POST deleted    302   302   404   404   404   404   404   404   404   404
search_delete       GET  any        302   302   405   405   405   405   405   405   405   405
search_delete       POST active     302   302   404   404   404   403   403   302   404   404
search_delete       POST trashed    302   302   404   404   404   403   403   302   404   404
search_delete       POST foreign    302   302   404   404   404   404   404   404   404   404
search_delete       POST deleted    302   302   404   404   404   404   404   404   404   404
image_judgment      GET  any        302   302   405   405   405   405   405   405   405   405
image_judgment      POST active     302   302   404   400   400   400   400   400   404   404
image_judgment      POST other      302   302   404   404   404   404   404   404   404   404
"""
