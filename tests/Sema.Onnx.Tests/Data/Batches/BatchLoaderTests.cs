using System.Runtime.InteropServices;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class BatchLoaderTests
{
    [TestMethod]
    public void Evaluation_gives_every_sample_once_and_fills_the_last_batch_with_its_first()
    {
        var labels = Read(Loader(samples: 5, batchSize: 3).Evaluation(), 99);

        labels.ShouldHold("epoch 0 batch 0 count 3: 0 1 2", "epoch 0 batch 1 count 2: 3 4 3");
    }

    [TestMethod]
    public void Inputs_belong_to_their_targets_also_where_filled_up()
    {
        foreach (var batch in Loader(samples: 5, batchSize: 3).Evaluation())
        {
            var pixels = MemoryMarshal.Cast<byte, float>(batch.Inputs["x"]);
            var labels = MemoryMarshal.Cast<byte, long>(batch.Target.Span);
            for (var i = 0; i < 3; i++)
                Assert.AreEqual((200f, (float)labels[i]), (pixels[i * 16], pixels[i * 16 + 15]));
        }
    }

    [TestMethod]
    public void Training_shuffles_each_epoch_anew_and_goes_on()
    {
        var labels = Read(Loader(samples: 7, batchSize: 3).Training(), 4);

        Assert.StartsWith("epoch 0 batch 0 count 3:", labels[0]);
        Assert.StartsWith("epoch 1 batch 1 count 3:", labels[3]);
        Assert.AreNotEqual(labels[0].Split(':')[1] + labels[1].Split(':')[1],
            labels[2].Split(':')[1] + labels[3].Split(':')[1]);
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(1, 4)]
    [DataRow(2, 4)]
    [DataRow(3, 7)]
    public void Reading_ahead_gives_the_bits_of_direct_reading(int workers, int prefetch)
    {
        foreach (var seed in new ulong[] { 0, 1, ulong.MaxValue })
        {
            var direct = Bits(Loader(23, 4, workers: 0, seed: seed, augmentation: "crop,flip").Training(), 30);
            var ahead = Bits(Loader(23, 4, workers, prefetch, seed, "crop,flip").Training(), 30);

            ahead.ShouldHold(direct);
        }
    }

    [TestMethod]
    public void Beginning_in_the_middle_gives_the_rest_of_the_whole()
    {
        var whole = Bits(Loader(23, 4, augmentation: "crop,flip").Training(), 20);   // 5 batches an epoch

        foreach (var done in new[] { 0, 1, 4, 5, 13 })
            Bits(Loader(23, 4, augmentation: "crop,flip").Training(done / 5, done % 5), 20 - done)
                .ShouldHold(whole[done..]);
    }

    [TestMethod]
    public void Beginning_after_the_last_batch_begins_the_next_epoch() =>
        Assert.StartsWith("epoch 3 batch 0", Read(Loader(23, 4).Training(epoch: 2, batch: 5), 1)[0]);

    [TestMethod]
    public void Beginning_beyond_an_epoch_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Loader(23, 4).Training(epoch: 0, batch: 6));

    [TestMethod]
    public void Evaluation_is_not_augmented() =>
        Bits(Loader(5, 2, augmentation: "crop,flip").Evaluation(), 9).ShouldHold(Bits(Loader(5, 2).Evaluation(), 9));

    [TestMethod]
    public void Memory_is_used_again()
    {
        var loader = Loader(samples: 64, batchSize: 1, workers: 2, prefetch: 4);
        for (var pass = 0; pass < 10; pass++)
        {
            foreach (var batch in loader.Evaluation())
                batch.Dispose();
        }

        // 4 waiting, one in the hands of each worker, one in ours, and one more while it changes hands.
        Assert.IsLessThanOrEqualTo(8, loader.AllocatedBuffers);
    }

    [TestMethod]
    public void A_batch_disposed_of_gives_nothing_more_and_its_memory_once()
    {
        var loader = Loader(samples: 2, batchSize: 1, workers: 0);
        var batches = loader.Evaluation().ToArray();

        batches[0].Dispose();
        batches[0].Dispose();

        Assert.ThrowsExactly<ObjectDisposedException>(() => batches[0].Inputs);
        var again = loader.Evaluation().ToArray();
        Assert.IsFalse(again[0].Inputs["x"].Overlaps(again[1].Inputs["x"]));
    }

    [TestMethod]
    public void An_error_of_the_data_reaches_the_reader_after_the_batches_before_it()
    {
        var loader = new BatchLoader(new CountingDataset(10) { FailsAt = 5 }, Options(new CountingDataset(10), 2, workers: 2));
        var seen = 0;
        var error = Assert.ThrowsExactly<DataException>(() =>
        {
            foreach (var batch in loader.Evaluation())
                seen++;
        });

        Assert.AreEqual("Sample 5 is broken.", error.Message);
        Assert.AreEqual(2, seen);
    }

    [TestMethod]
    public void A_value_that_does_not_fit_names_its_sample()
    {
        var data = new CountingDataset(300);
        var options = Options(data, 10) with { Target = Preprocessing.ForTarget(data.Target, ElementType.UInt8) };

        var error = Assert.ThrowsExactly<DataException>(() => new BatchLoader(data, options).Evaluation().Count());

        Assert.StartsWith("Sample 256 of the data: the value 256 at element 0", error.Message);
    }

    [TestMethod]
    public void Cancelling_ends_training()
    {
        using var cancellation = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            foreach (var batch in Loader(8, 2).Training(cancellation: cancellation.Token))
                cancellation.Cancel();
        });
    }

    [TestMethod]
    public void Fewer_samples_than_a_batch_cannot_be_trained_on_but_evaluated()
    {
        var loader = Loader(samples: 2, batchSize: 4);

        Assert.Contains("fewer than one batch of 4",
            Assert.ThrowsExactly<DataException>(() => loader.Training()).Message);
        Read(loader.Evaluation(), 9).ShouldHold("epoch 0 batch 0 count 2: 0 1 0 0");
    }

    [TestMethod]
    public void A_batch_of_nothing_is_refused() =>
        Assert.AreEqual("The batch size 0 must be at least 1.",
            Assert.ThrowsExactly<DataException>(() => Loader(2, 0)).Message);

    [TestMethod]
    public void A_batch_beyond_2_GiB_is_refused() =>
        Assert.Contains("exceeds 2 GiB", Assert.ThrowsExactly<DataException>(() => Loader(2, 1 << 30)).Message);

    [TestMethod]
    public void Only_the_one_image_among_several_inputs_is_augmented()
    {
        // The vector is the image's bytes as numbers: unlike the image, it must not move.
        var data = new CountingDataset(6);
        var vector = new SampledArray(new ArraySpec(ElementType.UInt8, 16), (index, sample) => data.Read(index, sample, new byte[8]));
        var options = Options(data, 2) with { Augmentation = Augmentation.Parse("crop"), Seed = 3 };
        var plain = new BatchInput("v", Preprocessing.For(vector.Spec, new ModelInput(ElementType.Float32, 16), new PixelOptions()), vector);
        using var batch = new BatchLoader(data, options with { Inputs = [plain, .. options.Inputs] }).Training().First();

        Assert.AreEqual(200f, batch.Inputs["v"].As<float>()[0]);
        CollectionAssert.AreNotEqual(batch.Inputs["v"], batch.Inputs["x"]);
        Assert.AreEqual("2 of the model's 2 inputs are images, and exactly one can be augmented; leave out --augment.", Assert.ThrowsExactly<DataException>(
            () => new BatchLoader(data, options with { Inputs = [.. options.Inputs, options.Inputs[0] with { Name = "z" }] })).Message);
    }

    private static BatchLoader Loader(
        int samples, int batchSize, int workers = 1, int prefetch = 4, ulong seed = 1, string augmentation = "none")
    {
        var data = new CountingDataset(samples);
        return new BatchLoader(data, Options(data, batchSize, workers) with
        {
            Prefetch = prefetch,
            Seed = seed,
            Augmentation = Augmentation.Parse(augmentation),
        });
    }

    private static BatchLoaderOptions Options(CountingDataset data, int batchSize, int workers = 1) => new()
    {
        BatchSize = batchSize,
        Inputs = [new("x", Preprocessing.For(data.Input, new ModelInput(ElementType.Float32, 1, 4, 4), new PixelOptions { Scale = 1 }))],
        Target = Preprocessing.ForTarget(data.Target, ElementType.Int64),
        Workers = workers,
    };

    private static string[] Read(IEnumerable<Batch> batches, int count) => Use(batches, count, batch =>
        $"epoch {batch.Epoch} batch {batch.Index} count {batch.Count}: {string.Join(' ', MemoryMarshal.Cast<byte, long>(batch.Target.Span).ToArray())}");

    private static string[] Bits(IEnumerable<Batch> batches, int count) => Use(batches, count, batch =>
        $"{batch.Epoch} {batch.Index} {Convert.ToHexString(batch.Inputs["x"])} {Convert.ToHexString(batch.Target.Span)}");

    private static string[] Use(IEnumerable<Batch> batches, int count, Func<Batch, string> describe) => [.. batches.Take(count).Select(batch =>
    {
        using (batch)
            return describe(batch);
    })];
}
