using Sema.Onnx.Data;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
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
    internal static RunData For(string model, IDataset data, PixelOptions pixels, Loss loss)
    {
        var input = Composer.Input(ModelReader.Read(model).Graph);
        int[] sample = input.Shape is { Rank: > 0 } shape ? [.. shape.Skip(1).Select(d => (int)d.Size)] : [.. data.Input.Shape];
        return new(
            Preprocessing.For(data.Input, new ModelInput(input.Type, sample), pixels),
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

    private void Check(IDataset data)
    {
        if (!data.Input.Equals(_input.Source) || !data.Target.Equals(_target.Source))
        {
            throw new DataException(
                $"The samples {data.Input} with targets {data.Target} are not like the first set's, {_input.Source} with {_target.Source}; training and evaluation data must be alike.");
        }
    }
}
