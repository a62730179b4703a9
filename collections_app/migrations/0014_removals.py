"""Delete shares that members do not need, and transfer the shared searches of former members.

- A share with a member is deleted if it gives no more rights than the member's role. A viewer's right to edit one
  collection stays until the membership ends.
- A search that a former member shared with a team passes to an owner of the team. Its maker keeps a copy.
"""

from django.db import migrations
from django.db.models import Exists, OuterRef, Q


def delete_needless_shares(apps, schema_editor):
    Share = apps.get_model("collections_app", "Share")
    Membership = apps.get_model("collections_app", "Membership")
    membership = Membership.objects.filter(team=OuterRef("collection__team"), user=OuterRef("user"))
    is_editing_member = Exists(membership.filter(role__in=["owner", "editor"]))
    needless = Share.objects.filter(is_editing_member | (Exists(membership) & Q(role="viewer")))
    Share.objects.filter(pk__in=list(needless.values_list("pk", flat=True))).delete()


def transfer_searches_of_former_members(apps, schema_editor):
    SavedSearch = apps.get_model("collections_app", "SavedSearch")
    SearchVisit = apps.get_model("collections_app", "SearchVisit")
    Membership = apps.get_model("collections_app", "Membership")
    is_member = Exists(Membership.objects.filter(team=OuterRef("team"), user=OuterRef("maker")))
    for search in SavedSearch.objects.exclude(team=None).exclude(is_member):
        owner = Membership.objects.filter(team=search.team_id, role="owner").order_by("pk").first()
        if owner is None:
            SavedSearch.objects.filter(pk=search.pk).update(team=None)
            continue
        copy = SavedSearch.objects.create(maker_id=search.maker_id, name=search.name, query=search.query)
        SearchVisit.objects.filter(search=search, viewer=search.maker_id).update(search=copy)
        SavedSearch.objects.filter(pk=search.pk).update(maker_id=owner.user_id)


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0013_taken_dates")]

    operations = [
        migrations.RunPython(delete_needless_shares, migrations.RunPython.noop),
        migrations.RunPython(transfer_searches_of_former_members, migrations.RunPython.noop),
    ]
