"""Whom any Blob service lets in, and how it refuses the others: shared key and shared access signatures of the SDK."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from tests.sandbox.blob import targets
from tests.sandbox.blob.targets import OPTIONS, Target, in_hours, refusal, skip_where_lenient

target = targets.target
service = targets.service
container = targets.container
new_container_name = targets.new_container_name


class TestAccess:
    """Who is let in. Every answer here is the service's own code."""

    def sas_for(self, target: Target, container: ContainerClient, permission: str, **options: Any) -> str:
        options = {"expiry": in_hours(1), **options}
        return generate_container_sas(
            target.account_name,
            container.container_name,
            account_key=target.key,
            permission=ContainerSasPermissions.from_string(permission),
            **options,
        )

    def blob_sas(self, target: Target, blob: BlobClient, permission: str, **options: Any) -> str:
        options = {"expiry": in_hours(1), **options}
        return generate_blob_sas(
            target.account_name,
            blob.container_name,
            blob.blob_name,
            account_key=target.key,
            permission=BlobSasPermissions.from_string(permission),
            **options,
        )

    def client(self, target: Target, container: ContainerClient, sas: str) -> ContainerClient:
        return target.service(sas).get_container_client(container.container_name)

    def test_a_wrong_key_is_refused(self, target: Target, container: ContainerClient) -> None:
        wrong = {"account_name": target.account_name, "account_key": base64.b64encode(b"1" * 64).decode()}
        with BlobServiceClient(target.account_url, credential=wrong, **OPTIONS) as client:
            other = client.get_container_client(container.container_name)
            assert refusal(lambda: list(other.list_blobs())) == target.says(403, "AuthenticationFailed")
            assert refusal(lambda: other.upload_blob("a", b"1")) == target.says(403, "AuthenticationFailed")

    def test_nobody_enters_without_a_credential(self, target: Target, container: ContainerClient) -> None:
        container.upload_blob("there", b"1")
        with target.service("") as client:
            anonymous = client.get_container_client(container.container_name)
            there = refusal(anonymous.get_blob_client("there").download_blob)
            missing = refusal(anonymous.get_blob_client("missing").download_blob)
            assert there[0] in (401, 403, 404, 409)
            assert there[0] == missing[0]

    def test_a_container_signature_reads_lists_and_writes_as_far_as_it_says(
        self, target: Target, container: ContainerClient
    ) -> None:
        container.upload_blob("a", b"1")
        reader = self.client(target, container, self.sas_for(target, container, "rl"))
        assert reader.download_blob("a").readall() == b"1"
        assert [item.name for item in reader.list_blobs()] == ["a"]
        mismatch = (403, "AuthorizationPermissionMismatch")
        assert refusal(lambda: reader.upload_blob("b", b"1")) == mismatch
        assert refusal(lambda: reader.delete_blob("a")) == mismatch
        writer = self.client(target, container, self.sas_for(target, container, "cw"))
        writer.upload_blob("b", b"2")
        writer.upload_blob("b", b"3", overwrite=True)
        assert refusal(lambda: writer.download_blob("b")) == mismatch
        assert refusal(lambda: list(writer.list_blobs())) == mismatch
        assert container.download_blob("b").readall() == b"3"

    def test_create_alone_does_not_replace(self, target: Target, container: ContainerClient) -> None:
        creator = self.client(target, container, self.sas_for(target, container, "c"))
        creator.upload_blob("new", b"1")
        answer = refusal(lambda: creator.upload_blob("new", b"2", overwrite=True))
        assert answer == target.says(403, "UnauthorizedBlobOverwrite")

    def test_a_writer_can_upload_in_parts(self, target: Target, container: ContainerClient) -> None:
        sas = self.sas_for(target, container, "cw")
        with target.service(sas, max_single_put_size=1024, max_block_size=1024) as client:
            client.get_blob_client(container.container_name, "big").upload_blob(b"x" * 5000)
        assert container.download_blob("big").readall() == b"x" * 5000

    def test_a_container_signature_is_for_that_container(
        self, target: Target, container: ContainerClient, new_container_name: str, service: BlobServiceClient
    ) -> None:
        service.create_container(new_container_name).upload_blob("a", b"1")
        with target.service(self.sas_for(target, container, "rwdl")) as client:
            other = client.get_container_client(new_container_name)
            assert refusal(lambda: other.download_blob("a")) == target.says(403, "AuthenticationFailed")
            assert refusal(other.get_container_properties)[0] == 403
            assert refusal(lambda: list(client.list_containers()))[0] == 403

    def test_a_container_signature_does_not_reach_the_container_itself(
        self, target: Target, container: ContainerClient
    ) -> None:
        client = self.client(target, container, self.sas_for(target, container, "rwdl"))
        mismatch = (403, "AuthorizationPermissionMismatch")
        assert refusal(client.get_container_properties) == mismatch
        assert refusal(lambda: client.set_container_metadata({"a": "1"})) == mismatch
        assert refusal(client.delete_container) == mismatch

    def test_an_expired_signature_is_refused(self, target: Target, container: ContainerClient) -> None:
        container.upload_blob("a", b"1")
        sas = self.sas_for(target, container, "r", start=in_hours(-2), expiry=in_hours(-1))
        client = self.client(target, container, sas)
        assert refusal(lambda: client.download_blob("a")) == target.says(403, "AuthenticationFailed")

    def test_a_signature_from_the_future_is_refused(self, target: Target, container: ContainerClient) -> None:
        container.upload_blob("a", b"1")
        client = self.client(
            target, container, self.sas_for(target, container, "r", start=in_hours(1), expiry=in_hours(2))
        )
        assert refusal(lambda: client.download_blob("a")) == target.says(403, "AuthenticationFailed")

    def test_a_changed_signature_is_refused(self, target: Target, container: ContainerClient) -> None:
        container.upload_blob("a", b"1")
        sas = self.sas_for(target, container, "r").replace("sp=r", "sp=rw")
        client = self.client(target, container, sas)
        assert refusal(lambda: client.download_blob("a")) == target.says(403, "AuthenticationFailed")

    @pytest.mark.parametrize("name", ["in put/Grüße+1.txt", "plain"])
    def test_a_blob_signature_is_for_that_blob(self, target: Target, container: ContainerClient, name: str) -> None:
        blob = container.upload_blob(name, b"1")
        container.upload_blob("other", b"2")
        sas = self.blob_sas(target, blob, "r")
        with target.service(sas) as client:
            assert client.get_blob_client(blob.container_name, name).download_blob().readall() == b"1"
            other = client.get_blob_client(blob.container_name, "other")
            assert refusal(other.download_blob) == target.says(403, "AuthenticationFailed")
            listing = client.get_container_client(blob.container_name)
            assert refusal(lambda: list(listing.list_blobs()))[0] == 403

    def test_a_signature_may_replace_content_headers(self, target: Target, container: ContainerClient) -> None:
        blob = container.upload_blob("a", b"1", content_settings=ContentSettings(content_type="text/plain"))
        sas = self.blob_sas(
            target, blob, "r", content_disposition="attachment; filename=x.csv", content_type="text/csv"
        )
        with target.service(sas) as client:
            stream = client.get_blob_client(blob.container_name, "a").download_blob()
            settings = stream.properties.content_settings
            assert settings.content_disposition == "attachment; filename=x.csv"
            assert settings.content_type == "text/csv"

    def test_a_signature_is_bound_to_its_address(self, target: Target, container: ContainerClient) -> None:
        skip_where_lenient(target)
        container.upload_blob("a", b"1")
        client = self.client(target, container, self.sas_for(target, container, "r", ip="203.0.113.7"))
        assert refusal(lambda: client.download_blob("a"))[0] == 403

    def test_an_account_signature_covers_what_it_names(
        self, target: Target, container: ContainerClient, new_container_name: str
    ) -> None:
        container.upload_blob("a", b"1")

        def account_sas(resource_types: str, permission: str) -> str:
            return generate_account_sas(
                target.account_name,
                target.key,
                resource_types=resource_types,
                permission=permission,
                expiry=in_hours(1),
            )

        name = container.container_name
        with target.service(account_sas("sco", "rwdlac")) as everything:
            assert name in [item.name for item in everything.list_containers(name)]
            everything.create_container(new_container_name)
            assert everything.get_blob_client(name, "a").download_blob().readall() == b"1"
        with target.service(account_sas("o", "r")) as objects:
            assert objects.get_blob_client(name, "a").download_blob().readall() == b"1"
            listing = objects.get_container_client(name)
            assert refusal(lambda: list(listing.list_blobs())) == (403, "AuthorizationResourceTypeMismatch")
            upload = refusal(lambda: listing.upload_blob("b", b"1"))
            assert upload == (403, "AuthorizationPermissionMismatch")

    def test_a_signature_may_ask_for_https_alone(self, target: Target, container: ContainerClient) -> None:
        if not target.account_url.startswith("http://"):
            pytest.skip("this target speaks https")
        container.upload_blob("a", b"1")
        client = self.client(target, container, self.sas_for(target, container, "r", protocol="https"))
        assert refusal(lambda: client.download_blob("a")) == (403, "AuthorizationProtocolMismatch")


class TestService:
    def test_a_connection_string_is_enough(self, target: Target, container: ContainerClient) -> None:
        scheme = target.account_url.partition(":")[0]
        connection = (
            f"DefaultEndpointsProtocol={scheme};AccountName={target.account_name};AccountKey={target.key};"
            f"BlobEndpoint={target.account_url};"
        )
        with BlobServiceClient.from_connection_string(connection, **OPTIONS) as client:
            client.get_blob_client(container.container_name, "a").upload_blob(b"1")
        assert list(container.list_blob_names()) == ["a"]

    def test_the_account_says_what_it_is(self, service: BlobServiceClient) -> None:
        information = service.get_account_information()
        assert information["account_kind"] == "StorageV2"
        assert information["sku_name"]

    def test_the_service_has_properties(self, service: BlobServiceClient) -> None:
        properties = service.get_service_properties()
        assert {"analytics_logging", "cors", "static_website"} <= set(properties)
