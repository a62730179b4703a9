"""A checksum of each image's vector, and a database index that finds images of another model."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("collections_app", "0014_removals")]

    operations = [
        migrations.AddField(
            model_name="image",
            name="vector_checksum",
            field=models.BigIntegerField(
                blank=True, editable=False, help_text="CRC-32 of the vector in the index.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(fields=["index_state", "index_model_key"], name="image_by_model"),
        ),
    ]
