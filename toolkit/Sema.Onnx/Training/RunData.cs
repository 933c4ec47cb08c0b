using System.Runtime.InteropServices;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Training;

/// <summary>A data set in the form that a model takes: how samples are turned into its input, and batches of them.</summary>
internal sealed class RunData
{
    private readonly ISampleTransform _input, _target;

    private RunData(ISampleTransform input, ISampleTransform target) => (_input, _target) = (input, target);

    /// <summary>Finds the way from samples to a model's input.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="data">Samples of the kind that is used; all further data sets must be alike.</param>
    /// <param name="pixels">What is done to images.</param>
    /// <param name="loss">What the targets are for.</param>
    /// <param name="ownType">Whether the model is fed in its own float type; training graphs take float32.</param>
    internal static RunData For(string model, IDataset data, PixelOptions pixels, Loss loss, bool ownType = false)
    {
        var graph = ModelReader.Read(model).Graph;
        var input = Composer.Input(graph);
        var type = ownType ? input.Type : FloatTypes.OfInput(graph, input.Type);
        int[] sample = input.Shape is { Rank: > 0 } shape ? [.. shape.Skip(1).Select(d => (int)d.Size)] : [.. data.Input.Shape];
        return new(
            Preprocessing.For(data.Input, new ModelInput(type, sample), pixels),
            Preprocessing.ForTarget(data.Target, loss.TargetType(ElementType.Float32)));
    }

    /// <summary>Gets the sizes of a batch of inputs.</summary>
    internal long[] InputShape(int batch) => [batch, .. _input.Result.Shape.Select(s => (long)s)];

    /// <summary>Gets the sizes of a batch of targets.</summary>
    internal long[] TargetShape(int batch) => [batch, .. _target.Result.Shape.Select(s => (long)s)];

    internal BatchLoader Training(IDataset data, TrainerOptions options)
    {
        Check(data);
        return new(data, new() { BatchSize = options.BatchSize, Input = _input, Target = _target, Seed = (ulong)options.Seed, Augmentation = options.Augmentation });
    }

    internal BatchLoader Evaluation(IDataset data, int batch)
    {
        Check(data);
        return new(data, new() { BatchSize = batch, Input = _input, Target = _target });
    }

    /// <summary>Checks every class target of a data set, so that a wrong one stops a run before it begins.</summary>
    /// <exception cref="DataException">A target is neither a class nor the ignored one.</exception>
    internal void CheckLabels(IDataset data, long classes, long? ignore, string split)
    {
        var (input, stored, target) = (new byte[data.Input.ByteCount], new byte[data.Target.ByteCount], new byte[_target.Result.ByteCount]);
        for (var i = 0; i < data.Count; i++)
        {
            data.Read(i, input, stored);
            _target.Apply(stored, target);
            ClassLabels.Check(MemoryMarshal.Cast<byte, long>(target.AsSpan()), classes, ignore, split);
        }
    }

    private void Check(IDataset data)
    {
        if (!data.Input.Equals(_input.Source) || !data.Target.Equals(_target.Source))
        {
            throw new DataException(
                $"The samples {data.Input} with targets {data.Target} are not like the first set's, {_input.Source} with {_target.Source}; training and evaluation data must be alike.");
        }
    }
}
