"""Store names and addresses in one normal form, and add a folded name to collections.

Migrating back keeps the cleaned names, because earlier versions accept them too.
"""

import collections_app.models.names
from collections import defaultdict

from django.db import migrations, models

from collections_app.models.names import clean_name, clean_tags, find_free_name, fold_name

_CHUNK = 500


def fold_collections(apps, schema_editor):
    """Number a collection if an older one of its team has the same name. Trashed ones may have equal names."""
    Collection = apps.get_model("collections_app", "Collection")
    taken = defaultdict(set)
    rows = []
    for row in Collection.objects.order_by("pk").only("team_id", "name", "trashed_at"):
        row.name = clean_name(row.name) or f"{row.pk}"
        if row.trashed_at is None:
            row.name = find_free_name(row.name, taken=taken[row.team_id])
            taken[row.team_id].add(fold_name(row.name))
        row.folded_name = fold_name(row.name)
        rows.append(row)
    Collection.objects.bulk_update(rows, ["name", "folded_name"], batch_size=_CHUNK)


def clean_other_names(apps, schema_editor):
    for model in ("Team", "SavedSearch"):
        rows = apps.get_model("collections_app", model).objects
        changed = []
        for row in rows.only("name"):
            if clean_name(row.name) != row.name:
                row.name = clean_name(row.name) or f"{row.pk}"
                changed.append(row)
        rows.bulk_update(changed, ["name"], batch_size=_CHUNK)


def clean_images(apps, schema_editor):
    """Write the images that change, and queue an index job for changed tags, which the index stores too."""
    Image = apps.get_model("collections_app", "Image")
    titled, tagged = [], []
    named = Image.objects.exclude(title="", tags=[]).only("title", "tags")
    for image in named.iterator(chunk_size=2000):
        title, tags = clean_name(image.title), image.tags
        is_list = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
        if is_list and clean_tags(tags) != tags:
            tagged.append(image)
            image.tags = clean_tags(tags)
        if title != image.title:
            image.title = title
            titled.append(image)
    Image.objects.bulk_update(titled, ["title"], batch_size=_CHUNK)
    Image.objects.bulk_update(tagged, ["tags"], batch_size=_CHUNK)
    IndexJob = apps.get_model("collections_app", "IndexJob")
    IndexJob.objects.bulk_create(
        (IndexJob(image_id=image.pk, priority=1) for image in tagged),
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["image_id"],
        update_fields=["token", "run_after", "attempts", "is_failed", "error"],
    )


def lower_addresses(apps, schema_editor):
    """Lower all addresses. One stays as it is if another row already has it in lower case."""
    User = apps.get_model("collections_app", "User")
    addresses = dict(User.objects.values_list("pk", "email"))
    taken = set(addresses.values())
    for pk, email in addresses.items():
        lowered = User._meta.get_field("email").get_prep_value(email)
        if lowered not in taken:
            taken.add(lowered)
            User.objects.filter(pk=pk).update(email=lowered)
    Invitation = apps.get_model("collections_app", "Invitation")
    for row in Invitation.objects.order_by("pk"):
        lowered = Invitation._meta.get_field("email").get_prep_value(row.email)
        same = Invitation.objects.filter(team=row.team_id, collection=row.collection_id, email=lowered)
        if lowered != row.email and not same.exclude(pk=row.pk).exists():
            Invitation.objects.filter(pk=row.pk).update(email=lowered)


class Migration(migrations.Migration):
    dependencies = [
        ("collections_app", "0015_store"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="collection", name="collection_name_once_per_team"),
        migrations.AddField(
            model_name="collection",
            name="folded_name",
            field=collections_app.models.names.FoldedNameField(default="", editable=False, max_length=300),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="collection", name="name", field=collections_app.models.names.NameField(max_length=100)
        ),
        migrations.AlterModelOptions(name="collection", options={"ordering": ["folded_name", "pk"]}),
        migrations.AlterField(
            model_name="team", name="name", field=collections_app.models.names.NameField(max_length=100)
        ),
        migrations.AlterField(
            model_name="savedsearch", name="name", field=collections_app.models.names.NameField(max_length=100)
        ),
        migrations.AlterField(
            model_name="image", name="title", field=collections_app.models.names.NameField(blank=True, max_length=200)
        ),
        migrations.AlterField(
            model_name="image", name="tags", field=collections_app.models.names.TagsField(blank=True, default=list)
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=collections_app.models.names.AddressField(max_length=254, unique=True, verbose_name="email address"),
        ),
        migrations.AlterField(
            model_name="invitation", name="email", field=collections_app.models.names.AddressField(max_length=254)
        ),
        migrations.RunPython(fold_collections, migrations.RunPython.noop),
        migrations.RunPython(clean_other_names, migrations.RunPython.noop),
        migrations.RunPython(clean_images, migrations.RunPython.noop),
        migrations.RunPython(lower_addresses, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.UniqueConstraint(
                fields=["team", "folded_name"],
                condition=models.Q(trashed_at=None),
                name="collection_name_once_per_team",
            ),
        ),
    ]
